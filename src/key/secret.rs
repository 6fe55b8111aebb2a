//! Memory for what must not be found later: wiped when it is dropped and, where the system allows, never
//! written to the swap file.

use zeroize::Zeroize as _;

/// Bytes of fixed room. The room is made of whole pages of its own, so that unlocking it never unlocks another's.
pub(super) struct Secret {
    // Unlocked before the memory is given back.
    lock: Option<region::LockGuard>,
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Secret {
    /// So many zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let page = region::page::size();
        let room = length.max(1).next_multiple_of(page);
        let memory = vec![0; room + page];
        let start = memory.as_ptr().align_offset(page).min(page);
        // A refusal (a small limit of locked memory) leaves it unlocked: it is wiped all the same.
        let lock = region::lock(memory[start..].as_ptr(), room).ok();
        Self { lock, memory, start, length }
    }

    /// So many random bytes; `None` if the system gives none.
    pub(super) fn random(length: usize) -> Option<Self> {
        let mut secret = Self::zeros(length);
        getrandom::fill(secret.bytes_mut()).ok()?;
        Some(secret)
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }

    /// The bytes, to be filled.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }

    /// Every byte with that of `other`, exclusive or; both are equally long.
    pub(super) fn xor(&mut self, other: &[u8]) {
        for (byte, with) in self.bytes_mut().iter_mut().zip(other) {
            *byte ^= with;
        }
    }

    /// Reads to the end of `reader`; `None` if that fails or is more than there is room for.
    pub(super) fn read(reader: &mut impl std::io::Read, most: usize) -> Option<Self> {
        let mut secret = Self::zeros(most + 1);
        let mut filled = 0;
        loop {
            match reader.read(&mut secret.bytes_mut()[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        secret.length = filled;
        (filled <= most).then_some(secret)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.length)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.memory.zeroize();
        drop(self.lock.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_length_and_its_bytes() {
        for length in [0, 1, 32, 4095, 4096, 4097, 70_000] {
            let mut secret = Secret::zeros(length);
            assert_eq!(secret.bytes(), vec![0; length]);
            secret.xor(&vec![7; length]);
            secret.xor(&vec![5; length]);
            assert_eq!(secret.bytes(), vec![2; length]);
            let whole = vec![9; length];
            assert_eq!(Secret::read(&mut &whole[..], length).unwrap().bytes(), whole);
            assert!(length == 0 || Secret::read(&mut &whole[..], length - 1).is_none());
        }
        assert_ne!(Secret::random(32).unwrap().bytes(), Secret::random(32).unwrap().bytes());
    }
}
