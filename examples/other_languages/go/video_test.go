// A test in Go against `soundstage serve --speed auto`: INFRAI_BASE_URL is what `soundstage env` prints.
package video

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

type job struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	VideoURL string `json:"video_url"`
}

func call(t *testing.T, method, path, body string) job {
	t.Helper()
	request, err := http.NewRequest(method, os.Getenv("INFRAI_BASE_URL")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer go-test")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Data job }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data
}

func finished(t *testing.T, prompt string) job {
	t.Helper()
	made := call(t, "POST", "/v1/video/generate", `{"prompt": "`+prompt+`"}`)
	for made.Status == "queued" || made.Status == "running" {
		made = call(t, "GET", "/v1/video/status/"+made.ID, "")
	}
	return made
}

func TestVideoIsMade(t *testing.T) {
	response, err := http.Get(finished(t, "A fox").VideoURL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || len(content) < 8 || string(content[4:8]) != "ftyp" {
		t.Fatalf("no video: %d bytes, %v", len(content), err)
	}
}

func TestFailedJobIsReported(t *testing.T) {
	if made := finished(t, "A fox soundstage:fail"); made.Status != "failed" {
		t.Fatalf("the status is %s", made.Status)
	}
}
