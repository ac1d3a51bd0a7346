//! What a process costs, from `/proc`.

use std::fs;

/// The most memory that it ever had, in bytes.
pub fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

/// Nanoseconds on a processor of its first thread, which draws, and of all its threads.
pub fn worked(id: u32) -> (u64, u64) {
    let mut all = 0;
    let mut first = 0;
    for task in fs::read_dir(format!("/proc/{id}/task")).unwrap().flatten() {
        // A thread may have ended meanwhile.
        let Ok(line) = fs::read_to_string(task.path().join("schedstat")) else { continue };
        let nanos: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        all += nanos;
        if task.file_name().to_string_lossy() == id.to_string() {
            first = nanos;
        }
    }
    (first, all)
}
