//! How long the machine's other work kept this process waiting.

use std::fs;

/// Nanoseconds that this process's threads have been runnable without a processor; 0 where the system does not tell.
pub fn waited_ns() -> u64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads
        .filter_map(|thread| second_number(&fs::read_to_string(thread.path().join("schedstat")).ok()?))
        .sum()
}

/// `schedstat` holds the time run, the time waited and the number of time slices.
fn second_number(line: &str) -> Option<u64> {
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn schedstat_lines() {
        assert_eq!(super::second_number("123 45 6\n"), Some(45));
        assert_eq!(super::second_number(""), None);
    }
}
