//! Paths as text: what may be asked of the kernel at all.

use super::{Result, WorkspaceError};

/// Bytes of a path; the kernel's own bound is 4096 with the end.
pub(super) const LONGEST_PATH: usize = 2048;

/// Splits a path into parent and name after checking every component.
pub(super) fn split(path: &str) -> Result<(&str, &str)> {
    check(path)?;
    if path.is_empty() {
        return Err(WorkspaceError::BadPath {
            path: String::new(),
            why: "it is empty",
        });
    }
    Ok(path.rsplit_once('/').unwrap_or(("", path)))
}

/// `""` is the root; everything else is names joined by `/`.
pub(super) fn check(path: &str) -> Result<()> {
    let bad = |why| {
        Err(WorkspaceError::BadPath {
            path: path.chars().take(200).collect(),
            why,
        })
    };
    if path.is_empty() {
        return Ok(());
    }
    if path.len() > LONGEST_PATH {
        return bad("it is too long");
    }
    if path.starts_with('/') {
        return bad("it is absolute");
    }
    if path.contains('\0') {
        return bad("it holds a NUL");
    }
    for name in path.split('/') {
        match name {
            "" => return bad("a name in it is empty"),
            "." | ".." => return bad("`.` and `..` are not allowed"),
            name if name.len() > 255 => return bad("a name is too long"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_are_refused_as_text() {
        for bad in ["/etc", "..", "a/../b", "a//b", "a/", ".", "a/./b", "a\0b"] {
            assert!(matches!(check(bad), Err(WorkspaceError::BadPath { .. })), "{bad:?}");
        }
        for good in ["", "a", "a/b", "...", "a..b", "ä ö", "-rf"] {
            assert!(check(good).is_ok(), "{good:?}");
        }
        assert!(check(&"a/".repeat(2000)).is_err());
        assert!(split("").is_err());
        assert_eq!(split("a/b/c").unwrap(), ("a/b", "c"));
    }
}
