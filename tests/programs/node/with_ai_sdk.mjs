// Vercel's AI SDK with its Google provider: make, wait for and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { experimental_generateVideo as generateVideo } from "ai";

const google = createGoogleGenerativeAI({ apiKey: process.env.GEMINI_API_KEY });
const { video } = await generateVideo({
  model: google.video("veo-3.0-generate-001"),
  prompt: "A fox",
  providerOptions: { google: { pollIntervalMs: 100 } },
});
await writeFile(process.argv[2], video.uint8Array);
