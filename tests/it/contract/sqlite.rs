//! Tests that apply only to SQLite.

use crate::support::{Backend, on};

#[test]
fn the_math_functions_of_every_common_build_are_there() {
    on(Backend::Sqlite, |database| {
        let directory = database.migrations(&[(
            "1_circles.sql",
            "CREATE TABLE circles (radius REAL, area REAL AS (pi() * pow(radius, 2)));\n\
             INSERT INTO circles (radius) VALUES (sqrt(4));",
        )]);
        database.up(&directory).unwrap();
        assert_eq!(database.value("SELECT round(area, 3) FROM circles"), "12.566");
    });
}
