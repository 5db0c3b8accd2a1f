// A conversation with a model: its tokens and their keys live on between answers, so only what is new is
// computed.

import ApusGraph
import ApusModels
import ApusTensor
import ApusText
import Synchronization

/// Settings of the engine behind a model's sessions.
public struct SessionOptions: Sendable {
  /// Positions a session may grow to; nil for what the model was trained for or what fits in memory.
  public var contextLength: Int?
  /// Answers that may be in the making at once; more wait for their turn.
  public var parallel = 4
  /// The format of the KV cache.
  public var keyValueFormat = KVFormat.f16

  /// The defaults.
  public init() {}
}

/// The engine of a model, from which sessions are made.
///
/// Its memory is reserved once. Sessions keep it alive.
public final class SessionPool: Sendable {
  /// The model that answers.
  public let model: Model
  /// Positions a session may grow to.
  public let contextLength: Int
  let thread: EngineThread

  /// Compiles the model for this machine.
  ///
  /// - Throws: `InferenceError.memory` when it does not fit.
  public init(_ model: Model, _ options: SessionOptions = SessionOptions()) throws {
    self.model = model
    let engineOptions = try EngineOptions.fitting(
      model, contextLength: options.contextLength, sequences: options.parallel,
      keyValueFormat: options.keyValueFormat)
    contextLength = engineOptions.contextLength
    thread = try EngineThread(Engine(model, engineOptions))
  }

  /// A session without history.
  public func makeSession() -> Session {
    Session(self, SequenceBox())
  }
}

extension Model {
  /// A session with an engine of its own.
  public func makeSession(_ options: SessionOptions = SessionOptions()) throws -> Session {
    var options = options
    options.parallel = 1
    return try SessionPool(self, options).makeSession()
  }
}

/// A line of text that a model continues.
///
/// May be used from any task; its answers are made one at a time, in the order they were asked for.
public final class Session: Sendable {
  private let pool: SessionPool
  private let box: SequenceBox

  init(_ pool: SessionPool, _ box: SequenceBox) {
    self.pool = pool
    self.box = box
  }

  /// The model that answers.
  public var model: Model { pool.model }

  /// Continues the session with `prompt` and streams the answer, whole characters at a time.
  ///
  /// Ending the iteration, or cancelling its task, ends the generation.
  ///
  /// - Throws: through the stream: `TokenizerError`, `InferenceError`, `SamplingError`.
  public func generate(
    _ prompt: String, _ options: GenerationOptions? = nil
  ) -> AsyncThrowingStream<String, any Error> {
    stream(options) { [model] stored throws in
      try model.tokenizer.encode(prompt, addSpecial: stored.isEmpty, parseSpecial: false)
    }
  }

  /// Continues the session with tokens.
  public func generate(
    tokens: [Int32], _ options: GenerationOptions? = nil
  ) -> AsyncThrowingStream<String, any Error> {
    stream(options) { _ in tokens }
  }

  private func stream(
    _ options: GenerationOptions?, _ prompt: @escaping @Sendable ([Int32]) throws -> [Int32]
  ) -> AsyncThrowingStream<String, any Error> {
    var defaults = GenerationOptions()
    defaults.sampling = model.samplingDefaults.options
    let options = options ?? defaults
    let (stream, continuation) = AsyncThrowingStream<String, any Error>.makeStream()
    let (pool, box) = (pool, box)
    pool.thread.perform { loop in
      box.whenFree {
        do {
          let sequence = box.sequence(loop.batch.engine)
          let tokens = try prompt(sequence.tokens)
          let generation = try Generation(pool.model, sequence, prompt: tokens, options: options) {
            continuation.yield(String(decoding: $0, as: UTF8.self))
          }
          let cancel = GenerationCancel(generation)
          continuation.onTermination = { reason in
            guard case .cancelled = reason else { return }
            pool.thread.perform { _ in cancel.generation.cancel() }
          }
          loop.start(generation) { result in
            switch result {
            case .success: continuation.finish()
            case .failure(let error): continuation.finish(throwing: error)
            }
            box.becomeFree()
          }
        } catch {
          continuation.finish(throwing: error)
          box.becomeFree()
        }
      }
    }
    return stream
  }

  /// A session that starts with this one's first `position` tokens (all of them if nil) and shares their
  /// keys: nothing is copied until one of the two goes on.
  public func fork(at position: Int? = nil) async -> Session {
    let (pool, box) = (pool, box)
    return await withCheckedContinuation { continuation in
      pool.thread.perform { loop in
        box.whenFree {
          let sequence = box.sequence(loop.batch.engine)
          let child = SequenceBox(sequence.fork(at: min(position ?? sequence.length, sequence.length)))
          box.becomeFree()
          continuation.resume(returning: Session(pool, child))
        }
      }
    }
  }

  /// The tokens so far.
  public func tokens() async -> [Int32] {
    let (pool, box) = (pool, box)
    return await withCheckedContinuation { continuation in
      pool.thread.perform { loop in
        box.whenFree {
          continuation.resume(returning: box.sequence(loop.batch.engine).tokens)
          box.becomeFree()
        }
      }
    }
  }
}

/// A session's sequence and the turns waiting for it. Touched on the engine's thread only.
final class SequenceBox: @unchecked Sendable {
  private var stored: TokenSequence?
  private var isBusy = false
  private var waiting: [() -> Void] = []

  init(_ sequence: TokenSequence? = nil) {
    stored = sequence
  }

  func sequence(_ engine: Engine) -> TokenSequence {
    if let stored { return stored }
    let sequence = engine.makeSequence()
    stored = sequence
    return sequence
  }

  /// Runs `turn` when no answer of this session is in the making.
  func whenFree(_ turn: @escaping () -> Void) {
    guard !isBusy else {
      waiting.append(turn)
      return
    }
    isBusy = true
    turn()
  }

  func becomeFree() {
    isBusy = false
    guard !waiting.isEmpty else { return }
    whenFree(waiting.removeFirst())
  }
}

/// Carries a generation to the closure that cancels it on the engine's thread.
private final class GenerationCancel: @unchecked Sendable {
  let generation: Generation
  init(_ generation: Generation) {
    self.generation = generation
  }
}
