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

// bytes: a row of columns a frequency, the highest first.
function coloured({ bytes, columns, rows }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const pixels = new Uint8ClampedArray(4 * columns * rows);
  for (let place = 0; place < columns * rows; place++) pixels.set(TONE.subarray(4 * bytes[place], 4 * bytes[place] + 4), 4 * place);
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, rows), 0, 0);
  return canvas;
}
