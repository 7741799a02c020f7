// A test in JavaScript against `soundstage serve --speed auto`: INFRAI_BASE_URL is what `soundstage env` prints.
import { expect, test } from "vitest";

const base = process.env.INFRAI_BASE_URL;
const headers = { authorization: "Bearer vitest", "content-type": "application/json" };

async function call(path, body) {
  const answer = await fetch(base + path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  return (await answer.json()).data;
}

async function finished(job) {
  while (["queued", "running"].includes(job.status)) {
    job = await call(`/v1/video/status/${job.id}`);
  }
  return job;
}

test("a video is made", async () => {
  const job = await finished(await call("/v1/video/generate", { prompt: "A fox" }));
  const video = await (await fetch(job.video_url)).arrayBuffer();
  expect(Buffer.from(video).subarray(4, 8).toString()).toBe("ftyp");
});

test("a failed job is reported", async () => {
  const job = await finished(await call("/v1/video/generate", { prompt: "A fox soundstage:fail" }));
  expect(job.status).toBe("failed");
});
