// The documents of files, one after the other. Tokenising in parallel takes them raw (Tokenizing/); everybody else as text.

/// Reads documents from text files and JSON lines, compressed or not, with the same memory for files of any size.
///
///     var options = ReadingOptions()
///     options.skipLimit = 10
///     let reader = DocumentReader(["a.jsonl", "b.txt"], options)
///     while let piece = try reader.next() { … }
///     print(reader.report.badLines)
///
/// Files are read in the given order. A file that is empty counts as a bad line.
public final class DocumentReader {
  /// What was met so far.
  public private(set) var report = ReadingReport()

  private let options: ReadingOptions
  private let paths: [String]
  private var nextPath = 0
  private var source: Source?
  /// Bytes of the files that are done.
  private var doneBytes = 0
  private var isInsideDocument = false

  /// A file that is being read.
  private final class Source {
    var window: InputWindow
    let cutter: TextCutter?
    var hasText = false

    init(path: String, _ options: ReadingOptions) throws(ReadingError) {
      window = try InputWindow(path: path)
      cutter = options.isJSONL(path) ? nil : TextCutter(options)
    }
  }

  /// A reader of the files at `paths`; `-` is standard input, and pipes are read, too.
  public init(_ paths: [String], _ options: ReadingOptions = ReadingOptions()) {
    self.paths = paths
    self.options = options
  }

  /// The next document, or the next piece of one that is longer than `ReadingOptions.longest`; nil at the end.
  ///
  /// - Throws: `ReadingError`, with the file and line, or for compressed files the offset.
  public func next() throws(ReadingError) -> TextPiece? {
    while let raw = try nextRaw() {
      var piece = raw.piece
      switch raw.text() {
      case .success(let text): piece.bytes = text
      case .failure(let bad):
        try skip(piece.place, bad)
        continue
      }
      if count(piece, textBytes: piece.bytes.count) { return piece }
    }
    return nil
  }

  // MARK: In two steps

  /// The next piece as it stands in the file. Whoever takes it apart hands what is found to `count` or `skip`, in order.
  func nextRaw() throws(ReadingError) -> RawPiece? {
    while true {
      if let source {
        let raw = source.cutter == nil ? try nextLine(source) : try nextText(source)
        report.fileBytes = doneBytes + source.window.fileBytes
        if let raw {
          source.hasText = true
          return raw
        }
        doneBytes += source.window.fileBytes
        self.source = nil
        if !source.hasText {
          return RawPiece(
            piece: TextPiece(bytes: [], place: source.window.place), content: .bad("the file is empty"))
        }
      }
      guard nextPath < paths.count else { return nil }
      source = try Source(path: paths[nextPath], options)
      nextPath += 1
    }
  }

  /// Counts a piece whose text is known; false when there is none.
  func count(_ piece: TextPiece, textBytes: Int) -> Bool {
    guard textBytes > 0 else {
      if piece.beginsDocument { report.emptyDocuments += 1 }
      return false
    }
    if piece.beginsDocument { report.documents += 1 }
    report.textBytes += textBytes
    return true
  }

  /// Counts a bad line.
  ///
  /// - Throws: `ReadingError` when no more may be skipped.
  func skip(_ place: InputPlace, _ bad: BadLine) throws(ReadingError) {
    guard report.badLines < options.skipLimit else {
      throw options.skipLimit == 0
        ? .bad(place, problem: bad.problem)
        : .tooManyBad(place, problem: bad.problem, limit: options.skipLimit)
    }
    report.badLines += 1
    if report.firstBad.count < ReadingReport.listedBad {
      report.firstBad.append("\(place): \(bad.problem)")
    }
  }

  // MARK: Formats

  private func nextText(_ source: Source) throws(ReadingError) -> RawPiece? {
    guard let cut = try source.cutter!.next(&source.window) else { return nil }
    var piece = TextPiece(
      bytes: Array(source.window.bytes[..<cut.count]), place: source.window.place,
      beginsDocument: !isInsideDocument)
    piece.endsDocument = cut.endsDocument
    isInsideDocument = !cut.endsDocument
    if cut.isForced { report.forcedCuts += 1 }
    source.window.use(cut.count + cut.separator)
    return RawPiece(piece: piece, content: .text)
  }

  private func nextLine(_ source: Source) throws(ReadingError) -> RawPiece? {
    while true {
      let place = source.window.place
      guard let count = try lineLength(source) else {
        return RawPiece(
          piece: TextPiece(bytes: [], place: place),
          content: .bad("a line is longer than \(options.longest) bytes"))
      }
      if count == 0 { return nil }
      // Without its end, which is no part of the document: a text that is cut off is told as one.
      var line = source.window.bytes[..<count]
      if line.last == 0x0A { line.removeLast() }
      if line.last == 0x0D { line.removeLast() }
      let isBlank = line.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 }
      let bytes = isBlank ? [] : Array(line)
      source.window.use(count)
      // White space is no document, and many files end with some.
      if isBlank { continue }
      return RawPiece(
        piece: TextPiece(bytes: bytes, place: place), content: .json(field: options.field))
    }
  }

  /// Bytes of the next line with its end, all in the window; 0 at the end of the file, nil for a line that was too long and
  /// is passed over.
  private func lineLength(_ source: Source) throws(ReadingError) -> Int? {
    var searched = 0
    var isTooLong = false
    while true {
      let bytes = source.window.bytes
      let newline = firstByte(0x0A, in: bytes, from: searched)
      if let end = newline.map({ $0 + 1 }) ?? (source.window.isAtEnd ? bytes.count : nil) {
        guard isTooLong || end > options.longest + 1 else { return end }
        source.window.use(end)
        return nil
      }
      searched = bytes.count
      if bytes.count > options.longest {
        // What is known to be too long need not be kept.
        isTooLong = true
        source.window.use(bytes.count)
        searched = 0
      }
      try source.window.grow()
    }
  }
}
