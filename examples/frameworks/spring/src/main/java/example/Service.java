package example;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * Spring Boot on Tomcat with HikariCP. FAULT plants a cause:
 *
 * <pre>
 * pool     HikariCP gives 4 connections
 * threads  Tomcat has 8 threads
 * idle     HikariCP gives 8 connections; each request waits 100 ms for something else inside its transaction
 * </pre>
 */
@SpringBootApplication
@RestController
public class Service {
    private static final String FAULT = Optional.ofNullable(System.getenv("FAULT")).orElse("none");
    private final JdbcTemplate database;

    public Service(JdbcTemplate database) {
        this.database = database;
    }

    public static void main(String[] arguments) {
        String size = System.getenv("SIZE");
        int connections = FAULT.equals("pool") ? 4 : FAULT.equals("idle") ? 8 : 30;
        int threads = FAULT.equals("threads") ? 8 : 200;
        if (size != null && FAULT.equals("threads")) {
            threads = Integer.parseInt(size);
        } else if (size != null) {
            connections = Integer.parseInt(size);
        }
        var url = System.getenv("DATABASE_URL").replaceFirst("^postgresql://([^@]*)@(.*)$", "jdbc:postgresql://$2?user=$1");
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("spring.datasource.url", url);
        settings.put("spring.datasource.hikari.maximum-pool-size", connections);
        settings.put("server.tomcat.threads.max", threads);
        var application = new SpringApplication(Service.class);
        application.setDefaultProperties(settings);
        application.run(arguments);
    }

    @GetMapping("/health")
    Map<String, Boolean> health() {
        return Map.of("ok", true);
    }

    /** One connection for the whole of it: the transaction's. */
    @Transactional
    @GetMapping("/items/{id}")
    public Map<String, Object> read(@PathVariable int id) throws InterruptedException {
        var name = database.queryForObject("SELECT name FROM items WHERE id = ?", String.class, id);
        if (FAULT.equals("idle")) {
            Thread.sleep(100); // the call of another service
        } else {
            database.query("SELECT pg_sleep(?)", row -> {}, FAULT.equals("threads") ? 0.06 : 0.04);
        }
        return Map.of("id", id, "name", name);
    }

    @ExceptionHandler
    ResponseEntity<Map<String, String>> failed(Exception error) {
        return ResponseEntity.status(500).body(Map.of("error", String.valueOf(error.getMessage())));
    }
}
