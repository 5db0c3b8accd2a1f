// What every error of Apus has in common: one line that names the thing, the numbers, and what to do.

/// An error a user may see.
///
/// `description` is one line without a final full stop: the file, field or name it is about, the numbers,
/// and where it helps what to do next. Each room throws its own small type, with typed throws.
public protocol ApusError: Error, Sendable, CustomStringConvertible {}
