//! The tests of the whole, in one binary: each module is one way of looking.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail loudly and talk")]

mod bench;
mod calibration;
mod checkpoint;
mod claims;
mod cli;
mod closer;
mod command;
mod comparability;
mod contract;
mod crash;
mod damage;
mod datasets;
mod decide;
mod disclosure;
mod experience;
mod export;
mod federation;
mod flow;
mod frozen;
mod fuzzing;
mod golden;
mod history;
mod intake;
mod keeper;
mod laws;
mod log;
mod mappings;
mod model;
mod naive;
mod oracle;
mod outages;
mod proof;
mod quality;
mod rates;
mod reach;
mod readme;
mod report;
mod service;
mod shards;
mod tidy;
mod times;
mod totals;
mod unknown;
mod upkeep;
