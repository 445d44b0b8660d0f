// A spectrogram's bytes as a picture: 0 is the floor, 255 full scale. The tones are those of cividis (Nuñez, Anderton,
// Renslow, 2018), which grow brighter alike for every colour vision.

const CIVIDIS = [[0, 34, 78], [53, 69, 108], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]];

const TONE = Uint8ClampedArray.from({ length: 256 * 4 }, (_, place) => {
  const channel = place % 4;
  if (channel === 3) return 255;
  const at = (Math.floor(place / 4) / 255) * (CIVIDIS.length - 1);
  const low = Math.min(CIVIDIS.length - 2, Math.floor(at));
  return CIVIDIS[low][channel] + (at - low) * (CIVIDIS[low + 1][channel] - CIVIDIS[low][channel]);
});

// bytes: a row of columns a frequency, the highest first; where there is `heard`, a column that was not is left out.
function coloured({ bytes, columns, rows, heard }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const pixels = new Uint8ClampedArray(4 * columns * rows);
  for (let place = 0; place < columns * rows; place++) pixels.set(TONE.subarray(4 * bytes[place], 4 * bytes[place] + 4), 4 * place);
  if (heard) for (let place = 0; place < columns * rows; place++) if (!heard[place % columns]) pixels[4 * place + 3] = 0;
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return canvas;
}

// The same as voicediag.measure.spectrogram, for a report that has no kernel: windows of 32 ms, averaged in a column, of a
// row's frequencies the strongest; a full-scale sine reads 0 dBFS.
const WINDOW_S = 0.032;
const LOWEST_DB = -100;
const PICTURE_ROWS = 128;

// Answers bytes as `coloured` takes them.
function spectrogram(samples, rate_hz, columns) {
  const size = 2 ** Math.max(4, Math.round(WINDOW_S * rate_hz) - 1).toString(2).length;
  const bins = size / 2 + 1;
  const window = Float64Array.from({ length: size }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / size));
  const scale = 2 / window.reduce((sum, one) => sum + one, 0);
  const hop = Math.max(1, Math.min(size / 2, Math.floor(samples.length / columns)));
  const power = Array.from({ length: columns }, () => new Float64Array(bins));
  const counts = new Uint32Array(columns);
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  for (let start = 0; start < samples.length; start += hop) {
    const column = Math.min(Math.floor((start * columns) / samples.length), columns - 1);
    for (let at = 0; at < size; at++) {
      real[at] = (samples[start + at - size / 2] ?? 0) * window[at] * scale;
      imaginary[at] = 0;
    }
    transform(real, imaginary);
    for (let bin = 0; bin < bins; bin++) power[column][bin] += real[bin] ** 2 + imaginary[bin] ** 2;
    counts[column] += 1;
  }
  const rows = Math.min(PICTURE_ROWS, bins);
  const edge = (row) => Math.floor((row * bins) / rows);
  const bytes = new Uint8Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const strongest = power[column].subarray(edge(row), edge(row + 1)).reduce((most, one) => Math.max(most, one), 0);
      const db = 10 * Math.log10(Math.max(strongest / Math.max(1, counts[column]), 1e-12));
      bytes[(rows - 1 - row) * columns + column] = Math.round(255 * Math.max(0, Math.min(1, 1 - db / LOWEST_DB)));
    }
  }
  return { bytes, columns, rows };
}

// A fast Fourier transform in place; the length is a power of two.
function transform(real, imaginary) {
  const size = real.length;
  for (let at = 1, mirrored = 0; at < size; at++) {
    let bit = size >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (at < mirrored) {
      [real[at], real[mirrored]] = [real[mirrored], real[at]];
      [imaginary[at], imaginary[mirrored]] = [imaginary[mirrored], imaginary[at]];
    }
  }
  for (let length = 2; length <= size; length *= 2) {
    const half = length / 2;
    for (let part = 0; part < half; part++) {
      const angle = (-2 * Math.PI * part) / length;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      for (let low = part; low < size; low += length) {
        const high = low + half;
        const [re, im] = [real[high] * cosine - imaginary[high] * sine, real[high] * sine + imaginary[high] * cosine];
        real[high] = real[low] - re;
        imaginary[high] = imaginary[low] - im;
        real[low] += re;
        imaginary[low] += im;
      }
    }
  }
}
