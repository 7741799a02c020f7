// fal's own package: put a request into the queue, wait for it and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { fal } from "@fal-ai/client";

const { data } = await fal.subscribe("fal-ai/kling-video/v2/master/text-to-video", {
  input: { prompt: "A fox", duration: "5" },
  pollInterval: 100,
  logs: true,
});
const video = await fetch(data.video.url);
await writeFile(process.argv[2], Buffer.from(await video.arrayBuffer()));
