//! The peer comparison: this project's transport beside the systems it competes with, over the same links, with the
//! same pictures, encoder and decoder. Written to `docs/measurements/peers.md`; `./bench` runs it.

mod bounds;
mod cpu;
mod judge;
mod page;
mod pictures;
mod plot;
mod results;
mod run;
mod settings;
mod squeeze;
mod systems;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use page::Page;
use pictures::Pictures;
use results::{Order, Run, Store};
use settings::Settings;
use systems::{CODEC, System};

/// Compares this project's transport with its peers over emulated links.
#[derive(Debug, Clone, Parser)]
struct Options {
    /// Runs of each system over each link; the median is written.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    passes: u16,
    /// Counted seconds of each run.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1800))]
    seconds: u64,
    /// Link profiles.
    #[arg(long, value_delimiter = ',', default_value = "wan,lossy,burst,lte,cut,cutlossy,lte4,squeeze,leo")]
    profiles: Vec<String>,
    /// Systems, by name; all of them unless given.
    #[arg(long, value_delimiter = ',')]
    systems: Vec<String>,
    /// Measure anew what was measured before.
    #[arg(long)]
    fresh: bool,
    /// First search the latency settings of the peers that have one, and write them to `--settings`.
    #[arg(long)]
    sweep: bool,
    /// The peers' latency settings.
    #[arg(long, default_value = "benches/peers.toml")]
    settings: PathBuf,
    /// Where runs are kept.
    #[arg(long, default_value = "target/peers")]
    results: PathBuf,
    /// Where the page goes; the plots go beside it.
    #[arg(long, default_value = "docs/measurements/peers.md")]
    page: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    program::exit::run("peers", || compare(&options))
}

fn compare(options: &Options) -> Result<()> {
    for profile in &options.profiles {
        netem::profile::Profile::by_name(profile)?;
    }
    media::init_codecs()?;
    let (systems, left_out) = chosen(options)?;
    println!("Painting pictures");
    let mut bench = Bench {
        options,
        store: Store::open(&options.results)?,
        settings: Settings::load(&options.settings)?,
        pictures: Pictures::paint()?,
        left_out,
    };
    println!("The codec alone keeps every band above {:.1} dB", bench.pictures.lowest_usual_db());
    if options.sweep {
        bench.sweep(&systems)?;
    }
    let runs = bench.measure(&systems);
    bench.write(&runs)
}

/// The systems asked for that this machine has, and why others are left out.
fn chosen(options: &Options) -> Result<(Vec<&'static System>, Vec<String>)> {
    let (mut systems, mut left_out) = (Vec::new(), Vec::new());
    let known: Vec<&str> = systems::ALL.iter().map(|system| system.name).collect();
    for name in &options.systems {
        ensure!(known.contains(&name.as_str()), "there is no system \"{name}\"; use some of: {}", known.join(", "));
    }
    for system in &systems::ALL {
        let missing: Vec<&str> =
            system.needs.iter().copied().filter(|name| gstreamer::ElementFactory::find(name).is_none()).collect();
        let wanted = options.systems.is_empty() || options.systems.iter().any(|name| name == system.name);
        match (wanted, missing.is_empty()) {
            (true, true) => systems.push(system),
            (true, false) => left_out.push(format!("{}: GStreamer lacks {}", system.title, missing.join(", "))),
            (false, _) => {}
        }
    }
    Ok((systems, left_out))
}

/// Everything a pass works with.
struct Bench<'a> {
    options: &'a Options,
    store: Store,
    settings: Settings,
    pictures: Pictures,
    left_out: Vec<String>,
}

impl Bench<'_> {
    /// Every system over every link, pass by pass, so that what the machine does meanwhile hits all alike. A run that fails is left
    /// out, and the rest goes on.
    fn measure(&mut self, systems: &[&System]) -> Vec<Run> {
        let mut runs = Vec::new();
        for pass in 0..usize::from(self.options.passes) {
            for system in systems.iter().filter(|system| system.name == CODEC) {
                runs.extend(self.taken(system, "none", None, pass));
            }
            for profile in &self.options.profiles {
                for system in systems.iter().filter(|system| system.name != CODEC && system.works_over(profile)) {
                    let latency_ms = system.has_latency.then(|| self.settings.latency_ms(system.name, profile));
                    runs.extend(self.taken(system, profile, latency_ms, pass));
                }
            }
        }
        runs
    }

    /// Seeks the best latency settings, from those there are.
    fn sweep(&mut self, systems: &[&System]) -> Result<()> {
        for profile in &self.options.profiles {
            for system in systems.iter().filter(|system| system.has_latency) {
                let start_ms = self.settings.latency_ms(system.name, profile);
                let figures = |latency_ms| Some(self.taken(system, profile, Some(latency_ms), 0)?.figures());
                if let Some(latency_ms) = settings::seek(start_ms, figures) {
                    self.settings.set(system.name, profile, latency_ms);
                }
            }
        }
        self.settings.save(&self.options.settings)
    }

    /// A run that is kept already or is made now; `None`, with a word, if it fails.
    fn taken(&mut self, system: &System, profile: &str, latency_ms: Option<u32>, pass: usize) -> Option<Run> {
        let seconds = self.options.seconds;
        let order = Order { system: system.name.into(), profile: profile.to_owned(), latency_ms, seconds, pass };
        let run = match self.store.find(&order).filter(|_| !self.options.fresh) {
            Some(run) => Ok(run),
            None => self.made(system, order),
        };
        match run {
            Ok(run) => Some(run),
            Err(error) => {
                println!("{} over {profile}: {error:#}", system.title);
                self.left_out.push(format!("{} over `{profile}`, pass {}: {error:#}", system.title, pass + 1));
                None
            }
        }
    }

    fn made(&self, system: &System, order: Order) -> Result<Run> {
        let folder = self.options.results.join("identities");
        fs::create_dir_all(&folder)?;
        let setting = order.latency_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
        print!("pass {}, {}: {}{setting}: ", order.pass + 1, order.profile, system.title);
        std::io::Write::flush(&mut std::io::stdout())?;
        let run = run::run(system, order, &self.pictures, &folder)?;
        self.store.keep(&run)?;
        let figures = run.figures();
        let ms = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.1}"));
        println!(
            "p50 {} p99 {} ms, {} lost, {} damaged, {} freezes, bytes {}",
            ms(figures.p50),
            ms(figures.p99),
            figures.lost,
            figures.damaged,
            figures.freezes,
            ms(figures.bytes)
        );
        Ok(run)
    }

    fn write(&self, runs: &[Run]) -> Result<()> {
        let Options { passes, seconds, profiles, page: path, .. } = self.options;
        let systems = match self.options.systems.as_slice() {
            [] => String::new(),
            some => format!(" --systems {}", some.join(",")),
        };
        let page = Page {
            command: format!(
                "./bench --passes {passes} --seconds {seconds} --profiles {}{systems}",
                profiles.join(",")
            ),
            passes: usize::from(*passes),
            seconds: *seconds,
            profiles,
            runs,
            left_out: &self.left_out,
        };
        let write =
            |path: &Path, text: String| fs::write(path, text).with_context(|| format!("writing {}", path.display()));
        write(path, page.text())?;
        write(&path.with_file_name("peers-latency.svg"), page.latency_svg())?;
        write(&path.with_file_name("peers-cut.svg"), page.cut_svg())?;
        println!("Written to {}", path.display());
        Ok(())
    }
}
