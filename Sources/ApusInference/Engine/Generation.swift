// One answer in the making: the tokens still to be computed, the sampler's state, the text so far held back.

import ApusText
import ApusRuntime

/// Why a generation ended.
public enum FinishReason: Sendable, Equatable {
  /// The model ended its text.
  case endOfText
  /// A stop string appeared.
  case stop(String)
  /// The number of tokens asked for was reached.
  case length
  /// The context is full.
  case contextFull
  /// The caller ended it.
  case cancelled

  /// The reason in one word, for JSON.
  public var name: String {
    switch self {
    case .endOfText: "eos"
    case .stop: "stop"
    case .length: "length"
    case .contextFull: "context"
    case .cancelled: "cancelled"
    }
  }
}

/// What to generate.
public struct GenerationOptions: Sendable {
  /// The most tokens to generate; nil goes on to the end of the context.
  public var maxTokens: Int?
  /// How tokens are chosen.
  public var sampling = SamplingOptions()
  /// Texts that end the generation; none of them is part of the answer.
  public var stop: [String] = []
  /// Whether to go on past the model's end of text.
  public var ignoresEndOfText = false

  /// The defaults.
  public init() {}
}

/// Counts and times of a generation.
public struct GenerationStatistics: Sendable {
  /// Tokens of the prompt.
  public var promptTokens = 0
  /// Tokens of the prompt whose keys were in the cache already.
  public var cachedTokens = 0
  /// Tokens generated.
  public var generatedTokens = 0
  /// Seconds from the first step to the first token.
  public var promptSeconds = 0.0
  /// Seconds from the first token to the last.
  public var generationSeconds = 0.0

  /// Nothing counted yet.
  public init() {}
}

/// A running generation, advanced by a `Batch`.
package final class Generation {
  package let sequence: TokenSequence
  package private(set) var finish: FinishReason?
  package private(set) var statistics = GenerationStatistics()
  /// The tokens generated, the one that ended the text not included.
  package private(set) var tokens: [Int32] = []

  /// Tokens to compute before the next one is chosen.
  private var queue: [Int32]
  private var queueStart = 0
  private var sampler: Sampler
  private var decoder: StreamDecoder
  private var stops: StopStrings
  private let options: GenerationOptions
  private let endOfText: Set<Int32>
  private let limit: Int
  private let onText: (UnsafeRawBufferPointer) -> Void
  private let scratch: UnsafeMutableRawBufferPointer
  private var text: [UInt8] = []
  private var started: UInt64 = 0
  private var firstToken: UInt64 = 0

  /// Prepares to continue `sequence` with `prompt`.
  ///
  /// - Parameters:
  ///   - prompt: tokens that are not in the sequence yet, at least one.
  ///   - stream: tells apart generations that share a seed.
  ///   - onText: gets the bytes of whole characters as they are decided.
  package init(
    _ model: Model, _ sequence: TokenSequence, prompt: [Int32], options: GenerationOptions,
    stream: UInt64 = 0, onText: @escaping (UnsafeRawBufferPointer) -> Void
  ) throws {
    guard !prompt.isEmpty else { throw InferenceError.emptyPrompt }
    // Embeddings are read from the mapped file: a file that was exchanged would give wrong tokens silently.
    try model.files.verifyUnchanged()
    for id in prompt where id < 0 || Int(id) >= model.configuration.vocabularySize {
      throw InferenceError.tokenOutOfRange(id: Int(id), vocabulary: model.configuration.vocabularySize)
    }
    let total = sequence.length + prompt.count
    guard total <= sequence.capacity else {
      throw InferenceError.contextExceeded(tokens: total, context: sequence.capacity)
    }
    self.sequence = sequence
    self.options = options
    self.onText = onText
    queue = prompt
    sampler = try model.makeSampler(options.sampling, stream: stream)
    for id in sequence.tokens { sampler.accept(id) }
    for id in prompt { sampler.accept(id) }
    stops = try StopStrings(options.stop)
    decoder = StreamDecoder(model.tokenizer, continuing: true)
    endOfText = options.ignoresEndOfText ? [] : model.endOfText
    limit = options.maxTokens ?? .max
    scratch = .allocate(byteCount: decoder.capacity, alignment: 1)
    text.reserveCapacity(decoder.capacity + 16 * 256)
    tokens.reserveCapacity(min(limit, sequence.capacity))
    statistics.promptTokens = total
    statistics.cachedTokens = sequence.length
    if limit <= 0 { finish = .length }
  }

  deinit {
    scratch.deallocate()
  }

  /// Ends the generation before its next token.
  package func cancel() {
    end(.cancelled)
  }

  /// Whether the next step is one token: decoding, or the end of a prompt.
  var isDecoding: Bool { queue.count - queueStart == 1 }

  /// Adds what is next to the step: 1 for a row of logits, 0 for a part of the prompt, nil when it does not
  /// take part.
  func join(_ engine: Engine) throws(InferenceError) -> Int? {
    guard finish == nil else { return nil }
    let count = min(queue.count - queueStart, engine.stepRoom)
    guard count > 0 else { return nil }
    if sequence.length + count > sequence.capacity {
      end(.contextFull)
      return nil
    }
    if started == 0 { started = MonotonicClock.nanoseconds }
    let outputs = queueStart + count == queue.count ? 1 : 0
    let joined = queue.withUnsafeBufferPointer {
      engine.addToStep(
        sequence, UnsafeBufferPointer(rebasing: $0[queueStart..<queueStart + count]), outputs: outputs)
    }
    guard joined else { throw .cacheFull }
    queueStart += count
    return outputs
  }

  /// Chooses the next token from a row of logits.
  func receive(_ logits: UnsafeMutableBufferPointer<Float>) throws {
    let token = try sampler.sample(logits)
    if statistics.generatedTokens == 0 {
      firstToken = MonotonicClock.nanoseconds
      statistics.promptSeconds = Double(firstToken - started) * 1e-9
    }
    statistics.generatedTokens += 1
    if endOfText.contains(token) { return end(.endOfText) }
    sampler.accept(token)
    tokens.append(token)
    let count = decoder.push(token, into: scratch)
    if let stop = emit(UnsafeRawBufferPointer(rebasing: scratch[..<count])) { return end(.stop(stop)) }
    if tokens.count >= limit { return end(.length) }
    queue.removeAll(keepingCapacity: true)
    queue.append(token)
    queueStart = 0
  }

  /// Passes on what can no longer become a stop string; gives the one that was found.
  private func emit(_ bytes: UnsafeRawBufferPointer) -> String? {
    let stop = stops.push(bytes, into: &text)
    flushText()
    return stop.map { options.stop[$0] }
  }

  private func flushText() {
    guard !text.isEmpty else { return }
    text.withUnsafeBytes(onText)
    text.removeAll(keepingCapacity: true)
  }

  private func end(_ reason: FinishReason) {
    guard finish == nil else { return }
    if case .stop = reason {
    } else {
      let count = decoder.flush(into: scratch)
      _ = stops.push(UnsafeRawBufferPointer(rebasing: scratch[..<count]), into: &text)
      stops.finish(into: &text)
      flushText()
    }
    if firstToken > 0 {
      statistics.generationSeconds = Double(MonotonicClock.nanoseconds - firstToken) * 1e-9
    }
    finish = reason
  }
}
