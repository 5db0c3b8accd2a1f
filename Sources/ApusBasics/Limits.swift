// How much a file may ask for before it is taken for broken or hostile. The defaults are far above anything
// seen in real files; a reader takes a `Limits`, so each can be raised.

/// The largest numbers Apus accepts from files.
public struct Limits: Sendable, Equatable {
  /// Limits of GGUF files.
  public struct GGUF: Sendable, Equatable {
    /// Metadata keys in one file.
    public var keys = 65_536
    /// Bytes of one key.
    public var keyBytes = 64 << 10
    /// Bytes of one string value; `tokenizer.chat_template` has a limit of its own.
    public var stringBytes = 64 << 20
    /// Bytes of a chat template.
    public var templateBytes = 1 << 20
    /// Items of one array.
    public var arrayItems = 16 << 20
    /// Arrays inside arrays: 1 is an array of scalars.
    public var nesting = 4
    /// Tensors in one file.
    public var tensors = 65_536
    /// Bytes of a tensor's name.
    public var nameBytes = 256
    /// Dimensions of a tensor.
    public var dimensions = 4
    /// Bytes tensors are aligned to.
    public var alignment = 64 << 10
    /// Files of one split set.
    public var parts = 1_024

    /// The defaults.
    public init() {}
  }

  /// Limits of safetensors files.
  public struct Safetensors: Sendable, Equatable {
    /// Bytes of a header; the format's own limit.
    public var headerBytes = 100_000_000
    /// Tensors in one file, or in all files of a set.
    public var tensors = 1_000_000
    /// Bytes of a tensor's name.
    public var nameBytes = 64 << 10
    /// Dimensions of a tensor.
    public var dimensions = 8
    /// Bytes of the index of a set.
    public var indexBytes = 100_000_000
    /// Files of one set.
    public var shards = 1_024

    /// The defaults.
    public init() {}
  }

  /// Limits of GGUF files.
  public var gguf = GGUF()
  /// Limits of safetensors files.
  public var safetensors = Safetensors()

  /// The defaults.
  public init() {}
}
