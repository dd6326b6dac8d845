//! Runs targets without libFuzzer: over their seeds, and over reproducible mutations of them.
//!
//! `run TARGET|all SECONDS [SEED] [FOLDER]`: so long each, with foreign documents from a folder; `run seeds`: writes the seeds
//! to `corpus/TARGET/`, where libFuzzer takes them from; `run TARGET FILE`: one input.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use saml_sp_fuzz::{Mutator, TARGETS, Target};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["seeds"] => TARGETS.iter().for_each(write_seeds),
        [name, file] if Path::new(file).is_file() => {
            chosen(name).for_each(|target| (target.body)(&fs::read(file).unwrap()));
        }
        [name, seconds, rest @ ..] if chosen(name).next().is_some() => {
            let length = Duration::from_secs_f64(seconds.parse().expect("SECONDS"));
            let seed = rest.first().map_or(1, |seed| seed.parse().expect("SEED"));
            let documents = rest.get(1).map_or(Vec::new(), |folder| documents(Path::new(folder)));
            let outcomes: Vec<bool> = chosen(name).map(|target| fuzz(&target, length, seed, &documents)).collect();
            return if outcomes.iter().all(|passed| *passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        _ => panic!("run TARGET|all SECONDS [SEED] [FOLDER]; run seeds; run TARGET FILE"),
    }
    ExitCode::SUCCESS
}

/// Whether every input passed. The first that does not is written to `artifacts/`.
fn fuzz(target: &Target, length: Duration, seed: u64, documents: &[Vec<u8>]) -> bool {
    let mut seeds = (target.seeds)();
    if target.documents {
        seeds.extend_from_slice(documents);
    }
    let started = Instant::now();
    let mut mutator = Mutator::new(seeds.clone(), seed);
    let mut inputs = seeds.into_iter();
    let mut executions = 0_u64;
    while executions < 100 || started.elapsed() < length {
        let input = inputs.next().unwrap_or_else(|| mutator.input());
        if catch_unwind(AssertUnwindSafe(|| (target.body)(&input))).is_err() {
            let file = PathBuf::from(format!("artifacts/{}/run-{seed}-{executions}", target.name));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, input).unwrap();
            println!("{}: FAILED, see {}", target.name, file.display());
            return false;
        }
        executions += 1;
    }
    println!("{:18} {executions:9} executions in {:.1} s", target.name, started.elapsed().as_secs_f64());
    true
}

fn chosen(name: &str) -> impl Iterator<Item = Target> {
    TARGETS.into_iter().filter(move |target| name == "all" || target.name == name)
}

fn write_seeds(target: &Target) {
    let folder = PathBuf::from(format!("corpus/{}", target.name));
    fs::create_dir_all(&folder).unwrap();
    for (number, seed) in (target.seeds)().into_iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
    }
}

fn documents(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            all.extend(documents(&entry.path()));
        } else {
            all.extend(fs::read(entry.path()).ok().filter(|octets| octets.len() < 20_000 && octets.starts_with(b"<")));
        }
    }
    all
}
