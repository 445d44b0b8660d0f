"""A conversation by a ``pipecat`` pipeline around OpenAI Realtime: greeted, answered, interrupted."""

import asyncio
import json
import os
import sys
from pathlib import Path

CHUNK_BYTES, CHUNK_S = 1920, 0.04
RATE_HZ = 24_000


def tap(told, turns, started):
    """Return a processor that notes the frames which pass it either way."""
    from pipecat.frames import frames
    from pipecat.processors.frame_processor import FrameProcessor

    class Tap(FrameProcessor):
        said, talking = "", False

        async def process_frame(self, frame, direction):
            await super().process_frame(frame, direction)
            self.note(frame)
            await self.push_frame(frame, direction)

        def note(self, frame):
            if isinstance(frame, frames.TTSStartedFrame):
                self.said, self.talking = "", True
            elif isinstance(frame, frames.TTSAudioRawFrame):
                told["audio_bytes"] += len(frame.audio)
                started.set()
            elif isinstance(frame, frames.TTSTextFrame):
                self.said += frame.text
            elif isinstance(frame, frames.TranscriptionFrame):
                told["heard"].append(frame.text)
            elif isinstance(frame, frames.ProposedUserStartedSpeakingFrame) and self.talking:
                told["interrupted"] += 1
                self.talking = False
            elif isinstance(frame, frames.TTSStoppedFrame) and self.talking:
                told["said"].append(self.said)
                self.talking = False
                turns.put_nowait(None)

    return Tap()


async def talk(pcm):
    """Greet, answer, be interrupted."""
    from pipecat.frames.frames import InputAudioRawFrame, LLMContextFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.services.openai.realtime import events
    from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
    from pipecat.workers.runner import WorkerRunner

    told = {"said": [], "heard": [], "tools": [], "interrupted": 0, "audio_bytes": 0}
    turns, started = asyncio.Queue(), asyncio.Event()
    hears = events.AudioInput(transcription=events.InputAudioTranscription())
    session = events.SessionProperties(audio=events.AudioConfiguration(input=hears))
    service = OpenAIRealtimeLLMService(
        api_key="any",
        base_url=os.environ["OPENAI_BASE_URL"].replace("http", "ws", 1) + "/realtime",
        settings=OpenAIRealtimeLLMService.Settings(session_properties=session),
    )
    # Transcripts go up the pipeline, sound and words go down.
    pipeline = Pipeline([tap(told, turns, started), service, tap(told, turns, started)])
    worker = PipelineWorker(
        pipeline, params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
    )

    async def speak():
        for start in range(0, len(pcm), CHUNK_BYTES):
            chunk = pcm[start : start + CHUNK_BYTES]
            await worker.queue_frame(InputAudioRawFrame(audio=chunk, sample_rate=RATE_HZ, num_channels=1))
            await asyncio.sleep(CHUNK_S)

    async def act():
        context = LLMContext(messages=[{"role": "user", "content": "greet me"}])
        await worker.queue_frame(LLMContextFrame(context=context))
        await turns.get()
        await speak()
        await turns.get()
        started.clear()
        await speak()
        await started.wait()
        await speak()
        await turns.get()
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), act())
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(talk(Path(sys.argv[1]).read_bytes()))))
