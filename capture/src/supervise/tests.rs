use super::*;
use std::fs;
use std::path::Path;

fn shell(script: String) -> Program {
    Program { name: "child".into(), executable: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] }
}

/// A supervisor of one shell script, and the lines that the script writes into a pipe of its own.
struct Theatre {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    pipe: PathBuf,
    lines: io::Lines<io::BufReader<fs::File>>,
}

impl Theatre {
    fn start(name: &str, script: &str) -> Self {
        use std::io::BufRead;
        let pipe = std::env::temp_dir().join(format!("supervise-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&pipe);
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // Open for writing too, so that the pipe never ends between two lives.
        let file = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        let program = shell(format!("exec 3>>{}; {script}", pipe.display()));
        let (stop, stopped) = bounded(0);
        let thread = Builder::new().spawn(move || run(vec![program], &stopped)).unwrap();
        Self { stop: Some(stop), thread: Some(thread), pipe, lines: io::BufReader::new(file).lines() }
    }

    /// The next line the script wrote.
    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn end(&mut self) {
        self.stop = None;
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Theatre {
    fn drop(&mut self) {
        fs::remove_file(&self.pipe).unwrap();
    }
}

#[test]
fn programs_are_told_to_keep_their_memory_in_few_heaps() {
    let mut theatre = Theatre::start("heaps", "echo heaps $MALLOC_ARENA_MAX >&3; exec sleep 60");
    assert_eq!(theatre.line(), "heaps 2");
    theatre.end();
}

#[test]
fn a_program_that_was_killed_is_started_again() {
    let mut theatre = Theatre::start("killed", "echo $$ >&3; exec sleep 60");
    let first = theatre.line();
    kill_process(Pid::from_raw(first.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    let second = theatre.line();
    assert_ne!(first, second);
    theatre.end();
    assert!(!Path::new("/proc").join(second).exists(), "nothing is left behind");
}

#[test]
fn a_program_is_asked_to_end_and_waited_for() {
    let mut theatre =
        Theatre::start("asked", "trap 'echo ended >&3; exit 0' TERM; echo up >&3; while :; do sleep 0.05; done");
    assert_eq!(theatre.line(), "up");
    theatre.end();
    assert_eq!(theatre.line(), "ended");
}

#[test]
fn a_missing_executable_does_not_stop_the_others() {
    let missing = Program { executable: "/nowhere/or-display".into(), ..shell(String::new()) };
    let (stop, stopped) = bounded(0);
    let thread = Builder::new().spawn(move || run(vec![missing], &stopped)).unwrap();
    drop(stop);
    thread.join().unwrap();
}
