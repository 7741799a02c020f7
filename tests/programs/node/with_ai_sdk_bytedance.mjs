// Vercel's AI SDK with its ByteDance provider: make, wait for and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { byteDance } from "@ai-sdk/bytedance";
import { experimental_generateVideo as generateVideo } from "ai";

const { video } = await generateVideo({
  model: byteDance.video("seedance-1-0-pro-250528"),
  prompt: "A fox",
  aspectRatio: "16:9",
  resolution: "864x480",
  duration: 5,
  providerOptions: { bytedance: { pollIntervalMs: 100, watermark: false } },
});
await writeFile(process.argv[2], video.uint8Array);
