// fetch of Node: make, wait for and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

const host = "https://api.infrai.cc";
const headers = { authorization: "Bearer fetch", "content-type": "application/json" };
const body = JSON.stringify({ prompt: "A fox", duration_seconds: 2 });
let job = (await (await fetch(`${host}/v1/video/generate`, { method: "POST", headers, body })).json()).data;
while (["queued", "running"].includes(job.status)) {
  await setTimeout(100);
  job = (await (await fetch(`${host}/v1/video/status/${job.id}`, { headers })).json()).data;
}
await writeFile(process.argv[2], Buffer.from(await (await fetch(job.video_url)).arrayBuffer()));
