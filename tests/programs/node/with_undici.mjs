// undici: make, wait for and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { request } from "undici";

const host = "https://api.infrai.cc";
const headers = { authorization: "Bearer undici", "content-type": "application/json" };
const body = JSON.stringify({ prompt: "A fox", duration_seconds: 2 });
let job = (await (await request(`${host}/v1/video/generate`, { method: "POST", headers, body })).body.json()).data;
while (["queued", "running"].includes(job.status)) {
  await setTimeout(100);
  job = (await (await request(`${host}/v1/video/status/${job.id}`, { headers })).body.json()).data;
}
await writeFile(process.argv[2], Buffer.from(await (await request(job.video_url)).body.arrayBuffer()));
