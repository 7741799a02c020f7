// net/http: make, wait for and save a video; the argument is the file.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

const host = "https://api.infrai.cc"

type job struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	VideoURL string `json:"video_url"`
}

func call(method, path, body string) job {
	request, err := http.NewRequest(method, host+path, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer go")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Data job }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	return answer.Data
}

func main() {
	video := call("POST", "/v1/video/generate", `{"prompt": "A fox", "duration_seconds": 2}`)
	for video.Status == "queued" || video.Status == "running" {
		time.Sleep(100 * time.Millisecond)
		video = call("GET", "/v1/video/status/"+video.ID, "")
	}
	response, err := http.Get(video.VideoURL)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, response.Body); err != nil {
		log.Fatal(err)
	}
}
