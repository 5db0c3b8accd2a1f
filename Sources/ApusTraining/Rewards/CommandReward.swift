// A reward that is a program of the user's: a line of JSON for each answer goes in, a number for each comes out.

import ApusBasics

/// Asks a program for scores.
///
/// The program reads `{…members of the prompt's line…, "completion": text, "ended": true}` on standard input and writes, for
/// each line, one line at once: a number, or an object with the number as `reward`. It is started when it is first needed and
/// lives until its input ends. It can be written in any language:
///
///     import json, sys
///     for line in sys.stdin:
///         print(float(len(json.loads(line)["completion"]) < 200), flush=True)
public final class CommandReward: Reward {
  private let command: String
  private let seconds: Double
  private let onFailure: RewardFailurePolicy
  private var process: RewardProcess?
  private var isOver: () -> Bool = { false }
  private var notes = RewardNotes()

  /// - Parameters:
  ///   - command: for the shell.
  ///   - seconds: that the answers of a step may take together.
  ///   - onFailure: what happens when the program dies, is too slow or writes something else than scores.
  public init(command: String, seconds: Double = 60, onFailure: RewardFailurePolicy = .stop) {
    self.command = command
    self.seconds = seconds
    self.onFailure = onFailure
  }

  /// Gives what says that nobody waits any more.
  public func interrupt(when isOver: @escaping () -> Bool) { self.isOver = isOver }

  /// The scores; nil for answers that could not be judged, where the policy is to skip them.
  ///
  /// - Throws: `RewardError`.
  public func scores(_ answers: [RolloutAnswer]) throws -> [Double?] {
    guard !answers.isEmpty else { return [] }
    do {
      return try ask(answers)
    } catch {
      // Whatever it still writes would be taken for the next answers.
      process = nil
      if case .interrupted = error { throw error }
      switch onFailure {
      case .stop: throw error
      case .retry:
        notes.add("\(error); it was started again")
        do {
          return try ask(answers)
        } catch {
          process = nil
          throw error
        }
      case .skip:
        notes.add("\(error); none of these answers is judged")
        return answers.map { _ in nil }
      }
    }
  }

  /// What was put up with since this was last asked.
  public func takeNotes() -> [String] {
    notes.take()
  }

  private func ask(_ answers: [RolloutAnswer]) throws(RewardError) -> [Double?] {
    var bytes: [UInt8] = []
    for answer in answers {
      var line = answer.prompt
      line["completion"] = .string(answer.text)
      line["ended"] = .bool(answer.isEnded)
      JSONValue.object(line).append(to: &bytes)
      bytes.append(UInt8(ascii: "\n"))
    }
    let process: RewardProcess
    if let running = self.process { process = running } else { process = try RewardProcess(command) }
    self.process = process
    let lines = try process.exchange(bytes, lines: answers.count, seconds: seconds, isOver)
    var scores: [Double?] = []
    for (index, line) in lines.enumerated() {
      guard let score = Self.score(line) else {
        let error = RewardError.badLine(
          command: command, line: String(line.prefix(RewardProcess.shownBytes)), answer: index + 1)
        guard onFailure == .skip else { throw error }
        notes.add("\(error); it is not judged")
        scores.append(nil)
        continue
      }
      scores.append(score)
    }
    return scores
  }

  /// A finite number, bare or as the member `reward`.
  private static func score(_ line: String) -> Double? {
    guard let json = try? JSONValue(parsing: line), let number = json.double ?? json["reward"]?.double,
      number.isFinite
    else { return nil }
    return number
  }
}
