//! The tables of the README that say how web hooks prove that they are genuine are those of the code.

use std::fmt::Write;

use super::ALL;

const README: &str = include_str!("../README.md");

fn tables() -> String {
    let mut text = String::from("| hook | scheme |\n|---|---|\n");
    let mut hooks: Vec<_> = crate::ALL.iter().filter(|feed| feed.scheme().is_some()).collect();
    hooks.sort_by_key(|feed| feed.name());
    for feed in hooks {
        let scheme = feed.scheme().map_or("-", |scheme| scheme.name());
        let _ = writeln!(text, "| `{}` | `{scheme}` |", feed.name());
    }
    text.push_str("\n| scheme | secret | what proves it | what is not protected | old ones refused |\n|---|---|---|---|---|\n");
    for scheme in ALL {
        let old = scheme.holds_ms().map_or("no".to_owned(), |ms| format!("after {} min", ms / 60_000));
        let (secret, proof, open) = (scheme.secret(), scheme.proof(), scheme.open());
        let _ = writeln!(text, "| {} | {secret} | {proof} | {open} | {old} |", scheme.name());
    }
    text
}

#[test]
fn the_readme_says_how_hooks_are_signed() {
    let tables = tables();
    assert!(
        README.contains(&tables),
        "scenarios/feeds/README.md should have, under its heading of web hooks:\n\n{tables}"
    );
}
