//! Finds which files of `src/` name each other, and checks that there are no circles, direct or indirect.

use std::collections::{BTreeMap, BTreeSet};

use super::sources;

type Path = Vec<String>;

/// Files by their module paths, and what each of them names.
struct House {
    texts: BTreeMap<Path, String>,
    /// What a file re-exports: the name there, and what it stands for.
    handed_on: BTreeMap<Path, BTreeMap<String, Path>>,
}

impl House {
    fn read() -> Self {
        let module = |file: &str| -> Path {
            let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
            if inside == "lib" { Vec::new() } else { inside.split('/').map(str::to_owned).collect() }
        };
        let texts = sources("src").into_iter().map(|(file, text)| (module(&file), bare(&text))).collect();
        let mut house = Self { texts, handed_on: BTreeMap::new() };
        let mut handed_on = BTreeMap::<Path, BTreeMap<_, _>>::new();
        for (here, text) in &house.texts {
            for (public, used) in uses(text) {
                if !public && !used.starts_with("self::") {
                    continue;
                }
                let paths = expand(&used).into_iter().filter_map(|path| house.absolute(here, &path));
                let names = paths.filter_map(|path| Some((path.last()?.clone(), path)));
                handed_on.entry(here.clone()).or_default().extend(names);
            }
        }
        house.handed_on = handed_on;
        house
    }

    /// An absolute path; `None` for one of another crate.
    fn absolute(&self, here: &Path, path: &str) -> Option<Path> {
        let parts: Path = path.split("::").map(|part| part.trim().to_owned()).collect();
        let supers = parts.iter().take_while(|part| *part == "super").count();
        let rest = |from: usize| parts[from..].to_vec();
        match parts[0].as_str() {
            "crate" | "migrascope" => Some(rest(1)),
            "self" => Some([here.clone(), rest(1)].concat()),
            "super" => Some([here[..here.len().saturating_sub(supers)].to_vec(), rest(supers)].concat()),
            child => {
                let below = [here.clone(), vec![child.to_owned()]].concat();
                self.texts.contains_key(&below).then(|| [here.clone(), parts.clone()].concat())
            }
        }
    }

    /// The file that defines the path, through all re-exports.
    fn file(&self, path: &Path, depth: usize) -> Option<Path> {
        let at = (0..=path.len()).rev().find(|length| self.texts.contains_key(&path[..*length]))?;
        let file = path[..at].to_vec();
        let onwards = path.get(at).and_then(|name| self.handed_on.get(&file)?.get(name));
        match onwards {
            Some(onwards) if onwards != path && depth < 6 => {
                let whole = [onwards.clone(), path[at + 1..].to_vec()].concat();
                self.file(&whole, depth + 1).or(Some(file))
            }
            _ => Some(file),
        }
    }

    fn named_by(&self, here: &Path) -> BTreeSet<Path> {
        let text = self.texts[here].split("\nmod tests {").next().unwrap_or_default();
        let used = uses(text).into_iter().flat_map(|(_, used)| expand(&used));
        let spelled = spelled(text);
        let paths = used.chain(spelled).filter_map(|path| self.absolute(here, &path));
        paths.filter_map(|path| self.file(&path, 0)).filter(|file| file != here).collect()
    }
}

/// The text without comments and string literals.
fn bare(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut kept = String::new();
        for (index, part) in line.replace("\\\"", "").replace("'\"'", "").split('"').enumerate() {
            if index % 2 == 0 {
                kept.push_str(part);
                if part.contains("//") {
                    break;
                }
            }
        }
        let end = kept.find("//").unwrap_or(kept.len());
        // The path in `pub(in crate::room)` does not count as a use.
        kept[..end].replace("pub(in crate::", "pub(in ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Each `use`, and whether it is public.
fn uses(text: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = text[line..at].trim();
        let end = text[at..].find(';').map(|end| at + end);
        if (before.is_empty() || before.starts_with("pub"))
            && let Some(end) = end
        {
            found.push((before.starts_with("pub"), text[at + 4..end].to_owned()));
        }
    }
    found
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expand(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some((ahead, inside)) = path.strip_suffix('}').and_then(|path| path.split_once('{')) else {
        return vec![path.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let whole =
        |part: &str| if part == "self" { ahead.trim_end_matches("::").to_owned() } else { format!("{ahead}{part}") };
    parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(expand).map(|part| whole(&part)).collect()
}

/// Paths that are written out in full.
fn spelled(text: &str) -> Vec<String> {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let without_uses = text.lines().filter(|line| !line.trim_start().contains("use "));
    let words = without_uses.flat_map(|line| line.split(move |letter| !is_path(letter)));
    let ours = |word: &&str| ["crate::", "super::", "self::"].iter().any(|start| word.starts_with(start));
    words.filter(ours).map(|word| word.trim_end_matches(':').to_owned()).collect()
}

#[test]
fn no_two_files_name_each_other() {
    let house = House::read();
    let named: BTreeMap<_, _> = house.texts.keys().map(|file| (file.clone(), house.named_by(file))).collect();
    assert!(named.values().map(BTreeSet::len).sum::<usize>() > 1000, "the house was read");
    let reached = |from: &Path| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = next.pop() {
            next.extend(named[&file].iter().filter(|other| seen.insert((*other).clone())).cloned());
        }
        seen
    };
    let in_circles: Vec<String> =
        named.keys().filter(|file| reached(file).contains(*file)).map(|file| file.join("/")).collect();
    assert!(in_circles.is_empty(), "each of these is named by what it names: {in_circles:?}");
}
