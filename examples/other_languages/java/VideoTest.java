// A test in Java against `soundstage serve --speed auto`: java -ea VideoTest.java. INFRAI_BASE_URL is what `soundstage env`
// prints.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Pattern;

public class VideoTest {
    static final String BASE = System.getenv("INFRAI_BASE_URL");
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String call(HttpRequest.Builder request) throws Exception {
        request.header("Authorization", "Bearer java-test").header("Content-Type", "application/json");
        return CLIENT.send(request.build(), BodyHandlers.ofString()).body();
    }

    static String member(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":\\s*\"([^\"]*)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    static String finished(String prompt) throws Exception {
        var body = BodyPublishers.ofString("{\"prompt\": \"" + prompt + "\"}");
        var job = call(HttpRequest.newBuilder(URI.create(BASE + "/v1/video/generate")).POST(body));
        var id = member(job, "id");
        while (member(job, "status").matches("queued|running")) {
            job = call(HttpRequest.newBuilder(URI.create(BASE + "/v1/video/status/" + id)));
        }
        return job;
    }

    public static void main(String[] arguments) throws Exception {
        var url = URI.create(member(finished("A fox"), "video_url"));
        var video = CLIENT.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofByteArray()).body();
        assert new String(video, 4, 4).equals("ftyp") : "no video";
        assert member(finished("A fox soundstage:fail"), "status").equals("failed") : "a failed job";
        System.out.println("2 tests passed");
    }
}
