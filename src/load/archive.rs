//! Archives of charts (`.tgz`), unpacked in memory and within limits. No link is followed and no path
//! leads out.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// The longest archive that is read, in bytes.
pub(super) const MAX_PACKED: u64 = 32 << 20;

/// What all members of one archive together may be unpacked to, in bytes.
const MAX_UNPACKED: u64 = 64 << 20;

/// Members of one archive.
const MAX_MEMBERS: usize = 10_000;

/// The length of a header, and what members are filled up to.
const BLOCK: usize = 512;

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// With `/`, relative and clean, the first directory included: `redis/templates/x.yaml`.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// Why an archive cannot be used, as the end of a sentence that names it.
pub(super) type Broken = String;

/// The files of a gzipped tar archive, in its order.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<Member>, Broken> {
    // A text shorter than a header would count as one that ends too early.
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Err("it is no gzip archive".to_owned());
    }
    let mut tar = Vec::new();
    // Headers and padding come on top of what the members hold.
    let limit = MAX_UNPACKED + (MAX_MEMBERS * 2 * BLOCK) as u64;
    MultiGzDecoder::new(packed)
        .take(limit + 1)
        .read_to_end(&mut tar)
        .map_err(|error| damaged(&error))?;
    if tar.len() as u64 > limit {
        return Err(too_large());
    }
    members(&tar)
}

fn damaged(error: &io::Error) -> Broken {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => format!("it cannot be unpacked: {error}"),
    }
}

fn too_large() -> Broken {
    format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20)
}

fn members(tar: &[u8]) -> Result<Vec<Member>, Broken> {
    let mut found: Vec<Member> = Vec::new();
    let mut total = 0;
    let mut at = 0;
    // What an extension header says of the member behind it.
    let mut long_path: Option<String> = None;
    let mut long_size: Option<usize> = None;
    while let Some(header) = tar.get(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        if !has_valid_sum(header) {
            return Err("it is no tar archive".to_owned());
        }
        let kind = header.get(156).copied().unwrap_or(0);
        let is_extension = matches!(kind, b'x' | b'g' | b'L' | b'K');
        let told = number(header.get(124..136).unwrap_or(&[])).ok_or("a length in it is broken")?;
        let size = if is_extension { told } else { long_size.take().unwrap_or(told) };
        let start = at + BLOCK;
        let behind = start.checked_add(size).ok_or_else(too_large)?;
        let bytes = tar.get(start..behind).ok_or("it ends too early")?;
        at = behind.div_ceil(BLOCK) * BLOCK;
        match kind {
            b'x' => {
                for (key, value) in records(bytes) {
                    match key {
                        "path" => long_path = Some(value.to_owned()),
                        "size" => long_size = value.parse().ok(),
                        _ => {}
                    }
                }
            }
            b'L' => long_path = Some(text(bytes)),
            0 | b'0' | b'7' => {
                let path = long_path.take().unwrap_or_else(|| short_path(header));
                // A path that ends with `/` is a directory in old archives.
                if path.ends_with('/') {
                    continue;
                }
                total += size as u64;
                if total > MAX_UNPACKED {
                    return Err(too_large());
                }
                if found.len() == MAX_MEMBERS {
                    return Err(format!("it holds more than {MAX_MEMBERS} files"));
                }
                let path = clean(&path)?;
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).to_vec();
                found.push(Member { path, bytes });
            }
            // Directories, links, devices and what is not known.
            b'g' | b'K' => {}
            _ => (long_path, long_size) = (None, None),
        }
    }
    if found.is_empty() { Err("it holds no files".to_owned()) } else { Ok(found) }
}

/// The sum of a header's bytes, those of the sum itself taken for blanks.
fn has_valid_sum(header: &[u8]) -> bool {
    let sum = |signed: bool| -> i64 {
        let bytes = header.iter().enumerate();
        bytes
            .map(|(at, byte)| match at {
                148..156 => i64::from(b' '),
                _ if signed => i64::from(byte.cast_signed()),
                _ => i64::from(*byte),
            })
            .sum()
    };
    let told = header.get(148..156).and_then(number).and_then(|sum| i64::try_from(sum).ok());
    told.is_some_and(|told| told == sum(false) || told == sum(true))
}

/// An octal number, or one in base 256 as GNU writes large ones.
fn number(field: &[u8]) -> Option<usize> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let start = usize::from(first & 0x7f);
        return rest.iter().try_fold(start, |number, byte| {
            number.checked_mul(256)?.checked_add(usize::from(*byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { usize::from_str_radix(text, 8).ok() }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or(&[])).into_owned()
}

fn short_path(header: &[u8]) -> String {
    let name = text(header.get(0..100).unwrap_or(&[]));
    let prefix = text(header.get(345..500).unwrap_or(&[]));
    let is_ustar = header.get(257..263) == Some(b"ustar\0");
    if is_ustar && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

/// The records of an extended header: `25 path=a/b.yaml\n`.
fn records(bytes: &[u8]) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = std::str::from_utf8(bytes).unwrap_or("");
    while let Some((length, _)) = rest.split_once(' ') {
        let Some((length, record)) =
            length.parse::<usize>().ok().and_then(|n| Some((n, rest.get(length.len() + 1..n)?)))
        else {
            break;
        };
        found.extend(record.strip_suffix('\n').unwrap_or(record).split_once('='));
        rest = rest.get(length..).unwrap_or("");
    }
    found
}

/// A path that stays in the archive, as Helm asks of charts.
fn clean(path: &str) -> Result<String, Broken> {
    let path = path.replace('\\', "/");
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => return Err(format!("the path `{path}` in it leads out of the chart")),
            step => steps.push(step),
        }
    }
    let is_absolute = path.starts_with('/') || steps.get(1).is_some_and(|step| step.ends_with(':'));
    if is_absolute || steps.len() < 2 {
        return Err(format!("the path `{path}` in it lies in no directory of a chart"));
    }
    Ok(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A gzipped tar archive of files.
    fn pack(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (path, text) in files {
            tar.extend(member(path, b'0', text.as_bytes()));
        }
        tar.extend([0; 2 * BLOCK]);
        gzip(&tar)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(bytes).expect("memory");
        writer.finish().expect("memory")
    }

    fn member(path: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut header = [0_u8; BLOCK];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = kind;
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let mut out = header.to_vec();
        out.extend_from_slice(bytes);
        out.resize(out.len().div_ceil(BLOCK) * BLOCK, 0);
        out
    }

    fn paths(packed: &[u8]) -> Vec<String> {
        unpack(packed).expect("an archive").into_iter().map(|member| member.path).collect()
    }

    #[test]
    fn files_are_read_and_links_are_not() {
        let mut tar = member("a/Chart.yaml", b'0', b"name: a\n");
        tar.extend(member("a/link", b'2', b""));
        tar.extend(member("a/dir/", b'5', b""));
        tar.extend(member("", b'x', b"26 path=a/templates/x.yml\n"));
        tar.extend(member("short", b'0', b"x"));
        assert_eq!(paths(&gzip(&tar)), ["a/Chart.yaml", "a/templates/x.yml"]);
    }

    #[test]
    fn what_leads_out_or_is_broken_is_told() {
        let broken = |packed: &[u8]| unpack(packed).expect_err("broken");
        assert!(broken(&pack(&[("a/../../etc/passwd", "x")])).contains("leads out"));
        assert!(broken(&pack(&[("/etc/passwd", "x")])).contains("no directory"));
        assert!(broken(&pack(&[("Chart.yaml", "x")])).contains("no directory"));
        assert_eq!(broken(b"plain"), "it is no gzip archive");
        assert_eq!(broken(&gzip(&[7; 2000])), "it is no tar archive");
        assert_eq!(broken(&gzip(&[0; 2000])), "it holds no files");
        let whole = pack(&[("a/Chart.yaml", &"x".repeat(9000))]);
        assert!(unpack(&whole[..whole.len() / 2]).is_err());
        let huge = member("a/x", b'0', &[]);
        let mut lying = huge.clone();
        lying[124..135].copy_from_slice(b"77777777777");
        assert!(unpack(&gzip(&lying)).is_err());
    }
}
