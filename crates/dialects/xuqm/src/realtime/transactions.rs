//! Transactions of one socket: what a client sends in one is kept until it commits, and done in order then. Nothing of
//! it is done before. What is done can still be refused one by one.

/// Transactions open at a time.
const TRANSACTIONS_MAX: usize = 8;
/// What is kept, over all of them.
const SENDS_MAX: usize = 64;
/// Bytes of that.
const SENDS_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a transaction's name.
const NAME_BYTES_MAX: usize = 256;

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Send {
    pub(crate) destination: String,
    pub(crate) body: Vec<u8>,
    pub(crate) receipt: Option<String>,
}

/// Why a transaction cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is none of this name.
    Unknown,
    /// There is one of this name already.
    Begun,
    /// More than is kept.
    TooMuch,
}

impl Unfit {
    /// As the client is told.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "there is no such transaction",
            Self::Begun => "the transaction has begun already",
            Self::TooMuch => "too much in transactions",
        }
    }
}

/// The open transactions of a socket.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    open: Vec<(String, Vec<Send>)>,
}

impl Transactions {
    /// Begins one.
    pub(crate) fn begin(&mut self, name: &str) -> Result<(), Unfit> {
        if self.open.iter().any(|(open, _)| open == name) {
            return Err(Unfit::Begun);
        }
        if self.open.len() >= TRANSACTIONS_MAX || name.len() > NAME_BYTES_MAX {
            return Err(Unfit::TooMuch);
        }
        self.open.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    /// Keeps something for the end of one.
    pub(crate) fn keep(&mut self, name: &str, send: Send) -> Result<(), Unfit> {
        let sends = self.open.iter().flat_map(|(_, sends)| sends);
        let (count, bytes) = sends.fold((0, 0), |(count, bytes), kept| {
            (count + 1, bytes + kept.body.len())
        });
        let found = self.open.iter_mut().find(|(open, _)| open == name);
        let (_, sends) = found.ok_or(Unfit::Unknown)?;
        if count >= SENDS_MAX || bytes + send.body.len() > SENDS_BYTES_MAX {
            return Err(Unfit::TooMuch);
        }
        sends.push(send);
        Ok(())
    }

    /// Ends one and gives what was kept for it, in order.
    pub(crate) fn end(&mut self, name: &str) -> Result<Vec<Send>, Unfit> {
        let found = self.open.iter().position(|(open, _)| open == name);
        let at = found.ok_or(Unfit::Unknown)?;
        Ok(self.open.remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(body: &[u8]) -> Send {
        Send {
            destination: "/app/chat.send".to_owned(),
            body: body.to_vec(),
            receipt: None,
        }
    }

    #[test]
    fn what_is_sent_in_a_transaction_comes_out_at_its_end_in_order() {
        let mut all = Transactions::default();
        assert_eq!(all.keep("t", send(b"1")), Err(Unfit::Unknown));
        assert_eq!(all.begin("t"), Ok(()));
        assert_eq!(all.begin("t"), Err(Unfit::Begun));
        assert_eq!(all.begin("u"), Ok(()));
        for (name, body) in [("t", b"1"), ("u", b"2"), ("t", b"3")] {
            assert_eq!(all.keep(name, send(body)), Ok(()));
        }
        assert_eq!(all.end("t"), Ok(vec![send(b"1"), send(b"3")]));
        assert_eq!(all.end("t"), Err(Unfit::Unknown));
        assert_eq!(all.end("u"), Ok(vec![send(b"2")]));
    }

    #[test]
    fn transactions_have_bounds() {
        let mut all = Transactions::default();
        for name in 0..TRANSACTIONS_MAX {
            assert_eq!(all.begin(&name.to_string()), Ok(()));
        }
        assert_eq!(all.begin("more"), Err(Unfit::TooMuch));
        let half = vec![b'x'; SENDS_BYTES_MAX / 2];
        assert_eq!(all.keep("0", send(&half)), Ok(()));
        assert_eq!(all.keep("1", send(&half)), Ok(()));
        assert_eq!(all.keep("2", send(b"x")), Err(Unfit::TooMuch));
        assert!(all.end("0").is_ok());
        for _ in 1..SENDS_MAX {
            assert_eq!(all.keep("2", send(b"x")), Ok(()));
        }
        assert_eq!(all.keep("2", send(b"x")), Err(Unfit::TooMuch));
    }
}
