import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import software.amazon.event.ruler.JsonRuleCompiler;

/** Answers each line, an event pattern, with one line: empty if EventBridge's compiler takes it, else why not. */
class Check {
    public static void main(String[] arguments) throws Exception {
        BufferedReader patterns = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String pattern = patterns.readLine(); pattern != null; pattern = patterns.readLine()) {
            String problem = JsonRuleCompiler.check(pattern);
            System.out.println(problem == null ? "" : "refused: " + problem.replaceAll("\\s+", " "));
        }
    }
}
