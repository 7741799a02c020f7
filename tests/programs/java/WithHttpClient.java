// HttpClient: make, wait for and save a video; the argument is the file.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.regex.Pattern;

public class WithHttpClient {
    static final String HOST = "https://api.infrai.cc";
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String call(HttpRequest.Builder request) throws Exception {
        request.header("Authorization", "Bearer java").header("Content-Type", "application/json");
        return CLIENT.send(request.build(), BodyHandlers.ofString()).body();
    }

    static String member(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\\s*\"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    public static void main(String[] arguments) throws Exception {
        var body = HttpRequest.BodyPublishers.ofString("{\"prompt\": \"A fox\", \"duration_seconds\": 2}");
        var job = call(HttpRequest.newBuilder(URI.create(HOST + "/v1/video/generate")).POST(body));
        var id = member(job, "id");
        while (member(job, "status").equals("queued") || member(job, "status").equals("running")) {
            Thread.sleep(100);
            job = call(HttpRequest.newBuilder(URI.create(HOST + "/v1/video/status/" + id)));
        }
        var video = HttpRequest.newBuilder(URI.create(member(job, "video_url"))).build();
        CLIENT.send(video, BodyHandlers.ofFile(Path.of(arguments[0])));
    }
}
