//! How many parameters functions have, and how many methods the connection trait.

use super::{code, nothing_wrong, sources};

const MOST_PARAMETERS: usize = 5;
const MOST_SESSION_METHODS: usize = 14;

/// A function's name, its line, and its parameters.
struct Function {
    name: String,
    line: usize,
    parameters: Vec<String>,
}

/// The text between the parenthesis before `start` and the one that closes it.
fn inside(text: &str, start: usize) -> &str {
    let mut depth = 1;
    let end = text[start..].char_indices().find(|(_, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    end.map_or("", |(length, _)| &text[start..start + length])
}

fn parameters(list: &str) -> Vec<String> {
    let (mut depth, mut last, mut current, mut found) = (0, ' ', String::new(), Vec::new());
    for letter in list.chars() {
        match letter {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '>' if last != '-' && last != '=' => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 {
            found.push(std::mem::take(&mut current).trim().to_owned());
        } else {
            current.push(letter);
        }
        last = letter;
    }
    found.push(current.trim().to_owned());
    found.retain(|parameter| !parameter.is_empty());
    found
}

fn functions(text: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("fn ") {
        if text[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_') {
            continue;
        }
        let rest = &text[at + "fn ".len()..];
        let name: String = rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
        let after = &rest[name.len()..];
        let generics = if after.starts_with('<') { after.find(">(").map_or(0, |end| end + 1) } else { 0 };
        if name.is_empty() || !after[generics..].starts_with('(') {
            continue;
        }
        let start = at + "fn ".len() + name.len() + generics + 1;
        found.push(Function { line: text[..at].lines().count(), parameters: parameters(inside(text, start)), name });
    }
    found
}

/// The code without comments, with its lines where they were.
fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| if line.trim_start().starts_with("//") { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a parameter is a tuple, by its pattern or by its type.
fn is_bundle(parameter: &str) -> bool {
    let kind =
        parameter.split_once(": ").map_or("", |(_, kind)| kind.trim_start_matches('&').trim_start_matches("mut "));
    parameter.starts_with('(') || kind.starts_with('(') && kind.contains(',')
}

#[test]
fn a_function_takes_few_parameters_and_no_bundle_of_them() {
    let mut problems = Vec::new();
    let mut count = 0;
    for (file, text) in sources("src") {
        for Function { name, line, parameters } in functions(&without_comments(&text)) {
            count += 1;
            if parameters.len() > MOST_PARAMETERS {
                problems.push(format!("{file}:{line}: {name} has {} parameters", parameters.len()));
            }
            // A function of one pair is for an iterator of pairs.
            if let Some(bundle) = parameters.iter().find(|one| is_bundle(one) && parameters.len() > 1) {
                problems.push(format!("{file}:{line}: {name} takes a bundle of parameters, {bundle}"));
            }
        }
    }
    assert!(count > 2000, "the functions were found: {count}");
    nothing_wrong(&problems);
}

#[test]
fn the_connection_trait_has_few_methods() {
    let (_, text) = sources("src/database").into_iter().find(|(file, _)| file == "src/database/session.rs").unwrap();
    let from = text.find("pub trait Session").unwrap();
    let body = &text[from..from + text[from..].find("\n}\n").unwrap()];
    let methods = code(body).filter(|(_, line)| line.contains("fn ")).count();
    assert!((10..=MOST_SESSION_METHODS).contains(&methods), "{methods} methods");
}
