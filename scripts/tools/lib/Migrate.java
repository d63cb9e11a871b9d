import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;

/** Flyway's commands as its command line has them: COMMAND URL USER PASSWORD DIRECTORY. */
class Migrate {
    public static void main(String[] given) {
        Flyway flyway = Flyway.configure()
                .dataSource(given[1], given[2], given[3])
                .locations("filesystem:" + given[4])
                .load();
        switch (given[0]) {
            case "migrate" -> System.out.println("executed " + flyway.migrate().migrationsExecuted);
            case "repair" -> flyway.repair();
            case "info" -> {
                for (MigrationInfo info : flyway.info().all()) {
                    System.out.println(info.getVersion() + " " + info.getState() + (info.isChecksumMatching() ? "" : " EDITED"));
                }
            }
            default -> throw new IllegalArgumentException(given[0]);
        }
    }
}
