// The texts of a run: shards, folders of them, and files that are tokenised in memory.

import ApusData
import ApusFiles
import ApusRuntime
import ApusText

extension LessonInputs {
  /// Reads texts.
  ///
  /// - Throws: `TrainingError.noTokenizer`, `BatchError`, and what reading them throws.
  static func texts(
    _ configuration: TrainingConfiguration, _ tokenizer: (any Tokenizer)?, _ runtime: Runtime
  ) throws -> LessonInputs {
    let data = configuration.data
    var notes: [String] = []
    let learned = try dataset(data.train, .train, configuration, tokenizer, runtime, &notes)!
    let held = try dataset(data.validation, .validation, configuration, tokenizer, runtime, &notes)
    return LessonInputs(
      training: try TextLessonPlan(learned, .train, configuration, tokenizer),
      validation: try held.map { try TextLessonPlan($0, .validation, configuration, tokenizer) },
      notes: notes)
  }

  /// Shards and folders of `apus data tokenize` as they are; anything else is text.
  private static func dataset(
    _ paths: [String], _ part: DatasetPart, _ configuration: TrainingConfiguration,
    _ tokenizer: (any Tokenizer)?, _ runtime: Runtime, _ notes: inout [String]
  ) throws -> TokenDataset? {
    guard let first = paths.first else { return nil }
    if paths.count == 1, FileKind(first) == .folder {
      let dataset = try TokenDataset(folder: first, part: part, pool: runtime.workers)
      if let tokenizer { try dataset.check(tokenizer) }
      return dataset
    }
    if paths.allSatisfy({ TokenShard.isShard($0) }) {
      let dataset = try TokenDataset(shards: paths, pool: runtime.workers)
      if let tokenizer { try dataset.check(tokenizer) }
      return dataset
    }
    guard let tokenizer else { throw TrainingError.noTokenizer(first) }
    var options = TokenizingOptions()
    options.reading.field = configuration.data.field
    options.reading.skipLimit = configuration.data.skipBad
    let (dataset, report) = try CorpusTokenizer(tokenizer, options, runtime: runtime).read(paths)
    if report.reading.badLines > 0 {
      notes.append(
        "\(report.reading.badLines) bad lines were skipped, the first: "
          + (report.reading.firstBad.first ?? ""))
    }
    return dataset
  }
}
