# shellcheck shell=bash
# shellcheck disable=SC2154  # The variables of the connection are those of the script that sources this file.
#
# Flyway beside migrascope, for the matrix of tools. Flyway runs as a Maven plugin; each call takes some seconds.

readonly FLYWAY_VERSION=13.12.0

flyway_databases() {
    printf '%s\n' postgres mysql sqlite
}

# Makes the project that has the plugin and the drivers. Returns 3 where Maven is missing.
flyway_make() {
    if ! command -v mvn >/dev/null; then
        echo "mvn is missing: install the package maven"
        return 3
    fi
    local home=$INTEROP_CACHE/flyway
    if [ -e "$home/made" ]; then
        return 0
    fi
    mkdir -p "$home/nothing"
    _flyway_project >"$home/pom.xml"
    # Fetches everything that a call needs.
    mvn -q -B -f "$home/pom.xml" flyway:info "-Dflyway.url=jdbc:sqlite:$home/nothing.db" \
        "-Dflyway.locations=filesystem:$home/nothing" >/dev/null
    rm -f "$home/nothing.db"
    touch "$home/made"
}

_flyway_project() {
    cat <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>interop</groupId>
  <artifactId>flyway</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <build>
    <plugins>
      <plugin>
        <groupId>org.flywaydb</groupId>
        <artifactId>flyway-maven-plugin</artifactId>
        <version>$FLYWAY_VERSION</version>
        <dependencies>
$(_flyway_dependency org.flywaydb flyway-database-postgresql "$FLYWAY_VERSION")
$(_flyway_dependency org.flywaydb flyway-mysql "$FLYWAY_VERSION")
$(_flyway_dependency org.postgresql postgresql 42.7.8)
$(_flyway_dependency org.mariadb.jdbc mariadb-java-client 3.5.6)
$(_flyway_dependency org.xerial sqlite-jdbc 3.50.3.0)
        </dependencies>
      </plugin>
    </plugins>
  </build>
</project>
XML
}

# GROUP ARTIFACT VERSION
_flyway_dependency() {
    printf '          <dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' "$@"
}

# DIR FROM TO
flyway_files() {
    local number
    for ((number = $2; number <= $3; number++)); do
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$1/V${number}__create_t$number.sql"
    done
}

# DIR N
flyway_edit() {
    printf -- '-- edited\nCREATE TABLE t%d (id INTEGER, more INTEGER);\n' "$2" >"$1/V${2}__create_t$2.sql"
}

# DIR N
flyway_lose() {
    rm "$1/V${2}__create_t$2.sql"
}

# DIR
flyway_up() {
    _flyway migrate "$1" -q
}

# Only paid editions revert.
flyway_down() {
    return 3
}

# DIR; the count of applied versions, from the table that `info` prints.
flyway_applied() {
    local table
    table=$(_flyway info "$1") || return
    awk -F '|' '/^\|/ && $7 ~ /^ *(Success|Future|Missing|Out of Order) *$/ { count++ } END { print count + 0 }' <<<"$table"
}

# DIR; `validate` fails on a pending migration too.
flyway_clean() {
    _flyway validate "$1" -q
}

# GOAL DIR [OPTION …]; the password is not in the list of processes.
_flyway() {
    local goal=$1 directory=$2 url
    shift 2
    case $DB_KIND in
    postgres) url=jdbc:postgresql://$DB_HOST:$DB_PORT/$DB_NAME ;;
    mysql) url=jdbc:mariadb://$DB_HOST:$DB_PORT/$DB_NAME ;;
    sqlite) url=jdbc:sqlite:$DB_FILE ;;
    *)
        echo "Flyway is not tried with $DB_KIND"
        return 1
        ;;
    esac
    FLYWAY_USER=${DB_USER-} FLYWAY_PASSWORD=${DB_PASSWORD-} mvn -B "$@" -f "$INTEROP_CACHE/flyway/pom.xml" \
        "flyway:$goal" "-Dflyway.url=$url" "-Dflyway.locations=filesystem:$(realpath "$directory")"
}
