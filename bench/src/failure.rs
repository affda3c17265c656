//! How the benchmark fails: one error type that carries a sentence for the person at the terminal.

/// Any failure; its text says what went wrong and what to try.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that can fail here.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// An `Err` with this text.
pub(crate) fn fail<T>(text: impl Into<String>) -> Outcome<T> {
    Err(text.into().into())
}

/// Puts the circumstances in front of an error's own text.
pub(crate) trait Context<T> {
    /// Prefixes an error with what was being done, for example "cannot read /proc/1/stat".
    fn context(self, doing: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: std::fmt::Display> Context<T> for Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| format!("{}: {error}", doing()).into())
    }
}
