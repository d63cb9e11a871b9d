//! Computing checksums.
//!
//! One running SHA-256 goes over all files in order: the bytes of a file's
//! name, then, unless the file asks to be left out, its content. A file's
//! entry is the digest at that point, so each entry covers all files before
//! it. The total is a SHA-256 over each entry's name and the base64 text of
//! its hash.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::directory::{DirectoryError, File, Sorted};

/// The checksums of a directory: what `atlas.sum` says.
#[derive(Clone, Debug)]
pub struct Sum {
    total: String,
    entries: Vec<Entry<'static>>,
    /// The places of the entries, by their names.
    by_name: Sorted,
    /// Of files that stayed on disk.
    proofs: HashMap<String, Proof>,
    /// Hashes of repeatable files that stayed on disk.
    alone: HashMap<String, String>,
}

/// What a file that is read again must come to.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    chain: HashChain,
    hash: String,
}

impl Proof {
    /// Adds the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.chain.feed(bytes);
    }

    /// Whether the bytes were those of the file.
    pub(crate) fn holds(&self) -> bool {
        self.chain.digest() == self.hash
    }
}

/// One file's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    /// The file's name.
    pub name: Cow<'t, str>,
    /// The base64 hash, without `h1:`.
    pub hash: Cow<'t, str>,
}

impl Sum {
    /// Computes the checksums of files in this order.
    ///
    /// # Errors
    /// A file that stayed on disk cannot be read.
    pub fn of<'a>(files: impl IntoIterator<Item = &'a File>) -> Result<Self, DirectoryError> {
        let mut chain = HashChain::default();
        let mut entries = Vec::new();
        let mut proofs = HashMap::new();
        let mut alone = HashMap::new();
        for file in files {
            let before = file.held().is_none().then(|| chain.clone());
            if before.is_some() && file.is_repeatable() {
                alone.insert(file.name().to_owned(), read_alone(file)?);
            }
            let Some(hash) = chain.add(file)? else {
                continue;
            };
            let name = file.name().to_owned();
            if let Some(mut chain) = before {
                chain.feed(name.as_bytes());
                let hash = hash.clone();
                proofs.insert(name.clone(), Proof { chain, hash });
            }
            entries.push(Entry {
                name: name.into(),
                hash: hash.into(),
            });
        }
        Ok(Self {
            total: total_of(&entries),
            by_name: Sorted::of(&entries, |entry| &entry.name),
            entries,
            proofs,
            alone,
        })
    }

    /// The base64 total, without `h1:`.
    #[must_use]
    pub fn total(&self) -> &str {
        &self.total
    }

    /// The files' entries, in file order.
    #[must_use]
    pub fn entries(&self) -> &[Entry<'static>] {
        &self.entries
    }

    /// The base64 hash of a file; a file left out of the checksums has none.
    #[must_use]
    pub fn hash_of(&self, file_name: &str) -> Option<&str> {
        let index = self
            .by_name
            .find(&self.entries, |entry| &entry.name, file_name)?;
        Some(&self.entries[index].hash)
    }

    /// The base64 hash of a file's name and content, whatever else is there.
    pub(crate) fn hash_alone(&self, file: &File) -> String {
        if let Some(hash) = self.alone.get(file.name()) {
            return hash.clone();
        }
        let mut chain = HashChain::default();
        chain.feed(file.name().as_bytes());
        chain.feed(file.held().unwrap_or_default());
        chain.digest()
    }

    pub(crate) fn proof_of(&self, file_name: &str) -> Option<Proof> {
        self.proofs.get(file_name).cloned()
    }
}

impl fmt::Display for Sum {
    /// The content of `atlas.sum`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "h1:{}", self.total)?;
        for entry in &self.entries {
            writeln!(f, "{} h1:{}", entry.name, entry.hash)?;
        }
        Ok(())
    }
}

/// The running hash over a directory's files.
#[derive(Clone, Default)]
pub struct HashChain(Sha256);

impl fmt::Debug for HashChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HashChain").field(&self.digest()).finish()
    }
}

impl HashChain {
    /// Adds a file and returns its hash; none if it is left out of the checksums.
    ///
    /// # Errors
    /// It stayed on disk and cannot be read.
    pub fn add(&mut self, file: &File) -> Result<Option<String>, DirectoryError> {
        self.feed(file.name().as_bytes());
        if file.directives().sum_ignored {
            return Ok(None);
        }
        self.feed_content(file)?;
        Ok(Some(self.digest()))
    }

    fn feed_content(&mut self, file: &File) -> Result<(), DirectoryError> {
        let mut pieces = file.pieces()?;
        while let Some(piece) = pieces.next()? {
            self.feed(piece);
        }
        Ok(())
    }

    /// Adds raw bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The base64 digest of all that was added so far.
    #[must_use]
    pub fn digest(&self) -> String {
        STANDARD.encode(self.0.clone().finalize())
    }
}

fn read_alone(file: &File) -> Result<String, DirectoryError> {
    let mut chain = HashChain::default();
    chain.feed(file.name().as_bytes());
    chain.feed_content(file)?;
    Ok(chain.digest())
}

pub(super) fn total_of(entries: &[Entry<'_>]) -> String {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update(&*entry.name);
        hash.update(&*entry.hash);
    }
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use crate::sum::Sum;
    use crate::testing::files;

    #[test]
    fn an_empty_directory_hashes_to_the_sum_of_nothing() {
        assert_eq!(
            Sum::of(&[]).unwrap().to_string(),
            "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        );
    }

    #[test]
    fn three_files_hash_as_published() {
        let files = files(&[
            (
                "1_baseline.sql",
                "-- create \"baseline\" table\nCREATE TABLE baseline (`c` int NOT NULL);\n",
            ),
            (
                "20220318104614_initial.sql",
                "-- create \"tbl\" table\nCREATE TABLE tbl (`col` int NOT NULL);\n",
            ),
            (
                "20220318104615_second.sql",
                "ALTER TABLE `tbl` ADD `col_2` bigint;\n",
            ),
        ]);
        assert_eq!(
            Sum::of(&files).unwrap().to_string(),
            "h1:sxNQqhuqhm1fLpr3WN9N/M/niaS81Y7k5RrSaKpmBZE=\n\
             1_baseline.sql h1:rZgkRmNcN2UEKgxru1nHCpBRVn/fjFavyQ4xxPxhrD4=\n\
             20220318104614_initial.sql h1:/B1/+IxzgrRc4tCm1tpcpMhocHgqkdWF+iffxuguYaQ=\n\
             20220318104615_second.sql h1:nUc1cUvm8BzjTZdbavM1IRlNpfhtyY3YyZJ8v23K9j4=\n"
        );
    }

    #[test]
    fn an_ignored_file_feeds_its_name_and_has_no_line() {
        let all = files(&[
            ("1_a.sql", "CREATE TABLE a (id int);\n"),
            (
                "2_b.sql",
                "-- atlas:sum ignore\n\nCREATE TABLE b (id int);\n",
            ),
            ("3_c.sql", "CREATE TABLE c (id int);\n"),
        ]);
        assert_eq!(
            Sum::of(&all).unwrap().to_string(),
            "h1:Ebf4d/xIQpsSPcF21A6fgt3FXNx5SqhpshDyxMk4oFM=\n\
             1_a.sql h1:e72Wd39UNYY4sGrVkNYkCs4GRrWBQ0ASXh73rS+WpU4=\n\
             3_c.sql h1:tBXYpVqhlwRkjXyoEs61XsD/I1zEZxDPqntN+lPwgps=\n"
        );
        let without = Sum::of([&all[0], &all[2]]).unwrap();
        assert_eq!(
            without.hash_of("3_c.sql"),
            Some("JhOaF+tCsedHUxuBs1PleYHueS8hcMve+vthIubhk0w=")
        );
        assert_eq!(
            without.total(),
            "pZqJuThZVwkyKnOiiXjeTSehX56f70BUgHURSSd9QZI="
        );
    }
}
