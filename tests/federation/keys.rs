//! Who signs a summary, and whose signatures are taken.

use std::fs;

use super::clinic;
use crate::command::{folder, run};

#[test]
fn only_trusted_signers_are_taken_where_trust_is_asked_for() {
    let dir = folder();
    clinic(dir.path());
    let public = run(dir.path(), ["keys", "show", "evenfield.store.signing-key"]).ok();
    let other = run(dir.path(), ["keys", "new", "other.key"]).ok();
    assert_ne!(public, other);
    let merge = ["summary", "merge", "a.summary", "--trust", "trusted.keys", "--compare", "--json"];
    fs::write(dir.path().join("trusted.keys"), &other).unwrap();
    let refused = run(dir.path(), merge).fails(4);
    assert!(refused.contains("a.summary") && refused.contains(public.trim()), "{refused}");
    fs::write(dir.path().join("trusted.keys"), format!("{other}{} The clinic\n", public.trim())).unwrap();
    let taken = run(dir.path(), merge);
    assert_eq!(taken.err, "", "nothing to warn of");
    assert_eq!(taken.ok(), run(dir.path(), ["compare", "--json"]).ok());
    let told = run(dir.path(), &merge[..5]).ok();
    assert!(told.contains("(The clinic)") && told.contains("60 consultations"), "{told}");
    fs::copy(dir.path().join("other.key"), dir.path().join("trusted.keys")).unwrap();
    assert!(run(dir.path(), merge).fails(4).contains("trusted.keys, line 1: that is a secret key"));
}

#[test]
fn keys_are_for_their_owner_alone_and_never_written_over() {
    let dir = folder();
    clinic(dir.path());
    for key in ["evenfield.store.signing-key", "new.key"] {
        if key == "new.key" {
            run(dir.path(), ["keys", "new", key]).ok();
        }
        let before = fs::read_to_string(dir.path().join(key)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
        assert!(run(dir.path(), ["keys", "new", key]).fails(4).contains("not written over"));
        assert_eq!(fs::read_to_string(dir.path().join(key)).unwrap(), before);
    }
    let within = ["summary", "make", "--key", "evenfield.store/k", "-o", "b.summary"];
    assert!(run(dir.path(), within).fails(2).contains("lies within the store"));
    fs::write(dir.path().join("none.key"), "x").unwrap();
    assert!(run(dir.path(), ["summary", "make", "--key", "none.key"]).fails(4).contains("keys new"));
}
