//! What each parameter, variable and service gives the driver.

use std::collections::BTreeMap;

use super::*;

fn read(url: &str, variables: &[(&str, &str)]) -> Result<(PgConnectOptions, Extras), String> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let environment = |name: &str| variables.get(name).map(Into::into);
    parse(&SecretUrl::new(url), &environment).map_err(|error| error.to_string())
}

fn tls(query: &str, variables: &[(&str, &str)]) -> Result<String, String> {
    read(&format!("postgres://u@h/d{query}"), variables).map(|(driver, _)| format!("{:?}", driver.get_ssl_mode()))
}

#[test]
fn whatever_asks_for_tls_gets_it() {
    for (query, expected) in [
        ("", "Prefer"),
        ("?sslmode=disable", "Disable"),
        ("?sslmode=REQUIRED", "Require"),
        ("?sslMode=require", "Require"),
        ("?SSL-Mode=verify_full", "VerifyFull"),
        ("?sslmode=VERIFY_IDENTITY", "VerifyFull"),
        ("?ssl=true", "Require"),
        ("?ssl", "Require"),
        ("?ssl=1", "Require"),
        ("?ssl=false", "Disable"),
        ("?ssl=verify-full", "VerifyFull"),
        ("?sslmode=no-verify", "Require"),
        ("?requireSSL=true", "Require"),
        ("?useSSL=true&requireSSL=false&verifyServerCertificate=false", "Require"),
        ("?tls=true", "VerifyFull"),
        ("?tls=skip-verify", "Require"),
        ("?verifyServerCertificate=true", "VerifyCa"),
        ("?sslaccept=strict", "VerifyFull"),
        ("?sslaccept=accept_invalid_certs", "Prefer"),
        ("?sslmode=require&sslaccept=accept_invalid_certs", "Require"),
        ("?sslmode=verify-full&ssl=true", "VerifyFull"),
        ("?sslrootcert=/ca.pem", "VerifyCa"),
        ("?sslmode=require&sslrootcert=/ca.pem", "VerifyCa"),
        ("?sslrootcert=system", "VerifyFull"),
        ("?sslcert=/c.pem&sslkey=/k.pem", "Require"),
    ] {
        assert_eq!(tls(query, &[]).as_deref(), Ok(expected), "{query}");
    }
}

#[test]
fn contradictions_about_tls_are_refused() {
    for query in [
        "?sslmode=disable&ssl=true",
        "?sslmode=prefer&requireSSL=true",
        "?ssl=false&ssl=true",
        "?sslmode=require&ssl_mode=prefer",
        "?sslmode=verify-full&trustServerCertificate=true",
        "?sslmode=require&sslrootcert=system",
        "?tls=true&sslaccept=accept_invalid_certs",
        "?sslmode=disable&verifyServerCertificate=true",
    ] {
        let error = tls(query, &[]).expect_err(query);
        assert!(error.contains("contradicts"), "{query}: {error}");
    }
    for query in ["?sslmode=requird", "?ssl=maybe", "?sslmode=", "?sslcert=/c.pem", "?sslkey=/k.pem", "?sslidentity=f"]
    {
        tls(query, &[]).expect_err(query);
    }
}

#[test]
fn variables_stand_behind_the_url_and_weaken_nothing() {
    let require = [("PGSSLMODE", "require")];
    assert_eq!(tls("", &require).as_deref(), Ok("Require"));
    assert_eq!(tls("?sslmode=disable", &require).as_deref(), Ok("Disable"));
    assert_eq!(tls("", &[("PGREQUIRESSL", "1")]).as_deref(), Ok("Require"));
    assert_eq!(tls("?ssl=true", &[("PGSSLMODE", "disable")]).as_deref(), Ok("Require"));
    assert_eq!(tls("?ssl=true", &[("PGSSLMODE", "verify-full")]).as_deref(), Ok("VerifyFull"));
    assert!(tls("", &[("PGSSLMODE", "requird")]).expect_err("no mode").starts_with("the variable PGSSLMODE"));
    assert!(tls("", &[("PGSSLMODE", "prefer"), ("PGREQUIRESSL", "1")]).is_err());
    for (variable, value) in [
        ("PGCHANNELBINDING", "require"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGHOST", "a,b"),
        ("PGHOSTADDR", "db.example.com"),
        ("PGPORT", "many"),
        ("PGREQUIREAUTH", "scram-sha-256"),
        ("PGTZ", "Europe/Berlin"),
        ("PGSERVICE", "nowhere"),
    ] {
        let url = if variable == "PGHOST" { "postgres:///d" } else { "postgres:///d?user=u" };
        let error = read(url, &[(variable, value)]).expect_err(variable);
        assert!(error.contains(&format!("the variable {variable}")), "{error}");
    }
}

#[test]
fn places_are_those_of_libpq() {
    let place = |url: &str| {
        let (driver, _) = read(url, &[]).expect("usable");
        let socket = driver.get_socket().map(|path| path.display().to_string());
        (
            socket.unwrap_or_else(|| driver.get_host().to_owned()),
            driver.get_port(),
            driver.get_database().map(str::to_owned),
        )
    };
    let at = |host: &str, port| (host.to_owned(), port, Some("d".to_owned()));
    assert_eq!(place("postgres://u@[::1]:6000/d"), at("::1", 6000));
    assert_eq!(place("postgres:///d?host=%5B::1%5D"), at("::1", 5432));
    assert_eq!(place("postgres://localhost/d?host=/run/postgresql"), at("/run/postgresql", 5432));
    assert_eq!(place("postgres://%2Frun%2Fpostgresql/d"), at("/run/postgresql", 5432));
    assert_eq!(place("postgres://h/d?hostaddr=10.0.0.1&port=6001"), at("10.0.0.1", 6001));
    for url in ["postgres://a,b/d", "postgres://a:1,b:2/d", "postgres:///d?host=a,b", "postgres://h/d?port=1,2"] {
        assert!(read(url, &[]).expect_err(url).contains("names several servers"), "{url}");
    }
}

#[test]
fn settings_are_there_from_the_beginning_of_the_session() {
    let options = |query: &str| {
        let (driver, extras) = read(&format!("postgres://u@h/d{query}"), &[]).expect("usable");
        (driver.get_options().unwrap_or_default().to_owned(), extras.schema)
    };
    let app = Some("app".to_owned());
    assert_eq!(options("?schema=app"), ("-c search_path=\"app\"".to_owned(), app.clone()));
    assert_eq!(options("?currentSchema=app,public"), ("-c search_path=\"app\",\"public\"".to_owned(), app.clone()));
    assert_eq!(options("?search_path=app,%20public"), ("-c search_path=app,\\ public".to_owned(), app));
    assert_eq!(
        options("?schema=My%20App%5C"),
        ("-c search_path=\"My\\ App\\\\\"".to_owned(), Some("My App\\".to_owned()))
    );
    assert_eq!(options("?statement_timeout=5s"), ("-c statement_timeout=5s".to_owned(), None));
    assert_eq!(options("?options=-c%20geqo%3Doff&lock_timeout=1000").0, "-c geqo=off -c lock_timeout=1000");
    assert_eq!(options("?options[geqo]=off").0, "-c geqo=off");
    for query in ["?schema=a&currentSchema=b", "?schema=", "?currentSchema=a,,b"] {
        read(&format!("postgres://u@h/d{query}"), &[]).expect_err(query);
    }
}

#[test]
fn extras_are_read() {
    let extras = |query: &str, variables: &[(&str, &str)]| {
        read(&format!("postgres://u@h/d{query}"), variables).expect("usable").1
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(extras("?connect_timeout=3", &[("PGCONNECT_TIMEOUT", "5")]).connect_timeout, seconds(3));
    assert_eq!(extras("", &[("PGCONNECT_TIMEOUT", "5")]).connect_timeout, seconds(5));
    assert_eq!(extras("?loginTimeout=4", &[]).connect_timeout, seconds(4));
    assert_eq!(extras("?connectionTimeoutMillis=1500", &[]).connect_timeout, Some(Duration::from_millis(1500)));
    assert_eq!(extras("?connect_timeout=0", &[]).connect_timeout, Some(Duration::MAX));
    assert_eq!(extras("?lock_timeout=2s", &[]).lock_timeout, Some(seconds(2)));
    assert_eq!(extras("?lock_timeout=0", &[]).lock_timeout, Some(None));
    assert_eq!(extras("?ApplicationName=shop", &[]).application.as_deref(), Some("shop"));
    assert!(extras("?target_session_attrs=read-write", &[]).primary);
    assert!(!extras("?targetServerType=any", &[]).primary);
}

#[test]
fn pools_and_caches_are_another_programs_affair() {
    let url = "postgres://u@h/d?connection_limit=5&pool_timeout=2&pgbouncer=true&socket_timeout=3&statement-cache-capacity=1\
        &prepareThreshold=0&reWriteBatchedInserts=true&pool_max_conns=3&keepalives_idle=30&channel_binding=prefer&client_encoding=UTF8";
    read(url, &[]).expect("usable");
}

#[test]
fn what_is_unknown_is_refused_with_a_suggestion_and_without_its_value() {
    let refused = |query: &str| read(&format!("postgres://u:hunter@h/d{query}"), &[]).expect_err("refused");
    assert_eq!(refused("?sslmodee=hunter"), "the URL's parameter sslmodee is unknown; did you mean sslmode?");
    assert_eq!(refused("?shema=hunter"), "the URL's parameter shema is unknown; did you mean schema?");
    assert_eq!(refused("?zzz=hunter"), "the URL's parameter zzz is unknown");
    for query in
        ["?channel_binding=require", "?passfile=hunter", "?sslpassword=hunter", "?TimeZone=hunter", "?sslcrl=hunter"]
    {
        assert!(!refused(query).contains("hunter"), "{query}");
    }
}

#[test]
fn a_service_stands_between_url_and_variables() {
    let folder = tempfile::tempdir().expect("usable");
    let file = folder.path().join("services");
    std::fs::write(&file, "[app]\nhost=service.example.com\nport=6000\ndbname=shop\nsslmode=require\nuser=s\n")
        .expect("usable");
    let file = file.display().to_string();
    let variables =
        [("PGSERVICEFILE", file.as_str()), ("PGSERVICE", "app"), ("PGPORT", "7000"), ("PGSSLMODE", "disable")];
    let (driver, _) = read("postgres://u@/", &variables).expect("usable");
    assert_eq!((driver.get_host(), driver.get_port()), ("service.example.com", 6000));
    assert_eq!((driver.get_username(), driver.get_database()), ("u", Some("shop")));
    assert_eq!(format!("{:?}", driver.get_ssl_mode()), "Require");
    let named = format!("postgres:///?service=app&servicefile={file}");
    assert_eq!(read(&named, &[]).expect("usable").0.get_username(), "s");
    let error = read("postgres:///?service=absent", &variables).expect_err("no such service");
    assert!(
        error.starts_with("the URL's parameter service names the service \"absent\", which is in no service file"),
        "{error}"
    );
    std::fs::write(folder.path().join("services"), "[app]\nhots=h\n").expect("usable");
    let error = read("postgres:///", &variables).expect_err("a misspelt parameter");
    assert_eq!(error, "the service file's parameter hots is unknown; did you mean host?");
}
