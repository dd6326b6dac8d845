//! Reproducible mutations, with the structure of XML in mind.

/// xorshift64*: the same inputs every time, and no dependency.
pub struct Random(u64);

impl Random {
    /// From a seed other than zero.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a limit other than zero.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// Makes new inputs of seeds.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<String>,
    random: Random,
}

impl Mutator {
    /// Seeds must not be empty.
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        let quoted =
            |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.replace("\\\"", "\"").replace("\\\\", "\\"));
        let words = include_str!("../saml.dict").lines().filter_map(quoted).collect();
        Self { seeds, words, random: Random::new(seed) }
    }

    /// The next input: a seed after one to four changes.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.seeds[self.random.below(self.seeds.len())].clone();
        for _ in 0..=self.random.below(4) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            return input.push(b'<');
        }
        let at = self.random.below(input.len());
        let piece = self.piece(input);
        match self.random.below(9) {
            0 => input[at] = self.random.below(256) as u8,
            1 => input[at] ^= 1 << self.random.below(8),
            2 => drop(input.drain(piece)),
            3 => drop(input.splice(at..at, input[piece].to_vec())),
            4 => {
                let moved: Vec<u8> = input.drain(piece).collect();
                let at = self.random.below(input.len() + 1);
                drop(input.splice(at..at, moved));
            }
            5 => {
                let word = self.words[self.random.below(self.words.len())].clone();
                drop(input.splice(at..at, word.bytes()));
            }
            6 => {
                let word = self.words[self.random.below(self.words.len())].clone();
                drop(input.splice(piece, word.bytes()));
            }
            7 => {
                let other = self.seeds[self.random.below(self.seeds.len())].clone();
                let piece = self.piece(&other);
                drop(input.splice(at..at, other[piece].iter().copied()));
            }
            _ => drop(input.splice(at..at, [b' ', b'\n', b'\r', b'0', b'<', b'&'].get(self.random.below(6)).copied())),
        }
    }

    /// From one delimiter to another, or some octets anywhere.
    fn piece(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let from = self.random.below(input.len().max(1));
        let delimiter = [b'<', b'"', b' ', b'>'][self.random.below(4)];
        let next = |from: usize| input[from..].iter().position(|octet| *octet == delimiter).map(|at| from + at);
        if self.random.below(3) == 0 {
            return from..input.len().min(from + 1 + self.random.below(16));
        }
        let start = next(from).unwrap_or(from);
        let mut end = start;
        for _ in 0..=self.random.below(6) {
            end = next((end + 1).min(input.len())).unwrap_or(input.len());
        }
        start..end
    }
}
