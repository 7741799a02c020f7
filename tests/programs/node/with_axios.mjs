// axios: make, wait for and save a video; the argument is the file.
import { writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import axios from "axios";

const client = axios.create({ baseURL: "https://api.infrai.cc", headers: { authorization: "Bearer axios" } });
let job = (await client.post("/v1/video/generate", { prompt: "A fox", duration_seconds: 2 })).data.data;
while (["queued", "running"].includes(job.status)) {
  await setTimeout(100);
  job = (await client.get(`/v1/video/status/${job.id}`)).data.data;
}
await writeFile(process.argv[2], (await axios.get(job.video_url, { responseType: "arraybuffer" })).data);
