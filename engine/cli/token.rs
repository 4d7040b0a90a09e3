//! `evenfield token`: who may read, record or look after a service of this store.

use serde::Serialize;

use super::choose::choose;
use super::failure::Failure;
use super::out::Out;
use super::store::now;
use super::{Format, Shared};
use crate::service::{Role, Token, Tokens};

/// Make, list and revoke the tokens of a service.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Make a token and show it: this once, since only a hash of it is kept
    #[command(after_help = "Examples:\n  \
        evenfield token new ward-gateway --role record\n  \
        evenfield token new board --role read\n\n\
        A running service knows it at once.")]
    New {
        /// Whose it is
        #[arg(value_name = "NAME")]
        name: String,
        /// What it allows: read, record, or administer (both)
        #[arg(long, value_name = "ROLE")]
        role: String,
    },
    /// List them
    #[command(after_help = "Examples:\n  evenfield token ls")]
    Ls,
    /// Take one back; a running service refuses it at once
    #[command(after_help = "Examples:\n  evenfield token revoke old-gateway")]
    Revoke {
        /// Whose it is
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    tokens: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    role: &'static str,
    made: &'a str,
}

#[derive(Serialize)]
struct Made<'a> {
    schema: &'static str,
    name: &'a str,
    role: &'static str,
    token: String,
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let tokens = Tokens::of(&shared.store)?;
    match verb {
        Verb::New { name, role } => {
            let found = Role::ALL.into_iter().find(|known| known.name() == role);
            let role = choose("role", role, found, Role::ALL.map(Role::name))?;
            out.for_owner_alone();
            let token = tokens.make(name, role, now())?;
            let path = tokens.path().display();
            shared.note(&format!(
                "keep it where nobody else reads it: it is shown this once, and {path} has a hash of it"
            ));
            match shared.format() {
                Format::Table => out.line(&token),
                _ => out.document(&Made { schema: "evenfield.token/1", name, role: role.name(), token }),
            }
        }
        Verb::Ls => list(&tokens.all()?, shared, out),
        Verb::Revoke { name } => {
            tokens.revoke(name)?;
            shared.note(&format!("{name} is refused from now on"));
            Ok(())
        }
    }
}

fn list(tokens: &[Token], shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let listed =
        tokens.iter().map(|token| Listed { name: &token.name, role: token.role.name(), made: &token.made });
    let list = List { schema: "evenfield.tokens/1", tokens: listed.collect() };
    if shared.is_json() {
        return out.document(&list);
    }
    if list.tokens.is_empty() {
        return out.line("no tokens yet: `evenfield token new NAME --role record` makes one");
    }
    let widest = list.tokens.iter().map(|token| token.name.len()).max().unwrap_or_default();
    list.tokens
        .iter()
        .try_for_each(|token| out.line(&format!("{:widest$}  {:10}  {}", token.name, token.role, token.made)))
}
