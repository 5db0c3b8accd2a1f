// Who judges answers: known answers, functions, and programs that die, hang and write nonsense.

import ApusBasics
import ApusData
import ApusRuntime
import ApusTestSupport
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private func answers(_ count: Int, length: Int = 10) -> [RolloutAnswer] {
  (0..<count).map { number in
    var prompt = JSONObject()
    prompt["prompt"] = .string("question \(number)")
    prompt["answer"] = .int(Int64(number))
    return RolloutAnswer(
      prompt: prompt, text: String(repeating: "a", count: length) + "\(number)", tokenCount: 3, isEnded: true)
  }
}

@Suite struct CommandRewardTests {
  private let scratch = ScratchDirectory()

  /// Counts lines: 1, 2, 3, … over the life of the program.
  private static let counting = "n=0; while read -r line; do n=$((n+1)); echo $n; done"

  @Test("a program lives from step to step and gives a number a line")
  func alive() throws {
    let reward = CommandReward(command: Self.counting, seconds: 20)
    #expect(try reward.scores(answers(3)) == [1, 2, 3])
    #expect(try reward.scores([]) == [])
    #expect(try reward.scores(answers(2)) == [4, 5])
    #expect(reward.takeNotes() == [])
  }

  @Test("it reads the prompt's line with the answer in it")
  func input() throws {
    let path = scratch.file("seen")
    let reward = CommandReward(
      command:
        "read -r line; echo \"$line\" > \(path); echo '{\"reward\": -0.5, \"why\": 1}'; cat > /dev/null",
      seconds: 20)
    #expect(try reward.scores(answers(1)) == [-0.5])
    let seen = try JSONValue(parsing: #require(readFile(path)))
    #expect(seen["prompt"]?.string == "question 0" && seen["answer"]?.int == 0)
    #expect(seen["completion"]?.string == "aaaaaaaaaa0" && seen["ended"]?.bool == true)
  }

  /// More than pipes hold, both ways, from a program that reads everything before it writes, and one that does not.
  @Test(
    "answers of any size pass",
    arguments: [
      "i=0; while [ $i -lt 300 ]; do read -r line; i=$((i+1)); done; i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; done",
      counting,
    ])
  func large(_ command: String) throws {
    let reward = CommandReward(command: command, seconds: 60)
    #expect(try reward.scores(answers(300, length: 3000)) == (1...300).map(Double.init))
  }

  private enum Failure: CaseIterable {
    case dies, hangs, nan, tooFew, garbage, endless, tooMany, missing

    var command: String {
      switch self {
      case .dies: "read -r a; echo 1; exit 3"
      case .hangs: "read -r a; echo 1; sleep 1000"
      case .nan: "while read -r a; do echo NaN; done"
      case .tooFew: "read -r a; read -r b; read -r c; echo 1; echo 2"
      case .garbage: "while read -r a; do echo 'about three'; done"
      case .endless: "yes | tr -d '\\n'"
      case .tooMany: "while read -r a; do printf '1\\n2\\n'; done"
      case .missing: "/nonexistent/program"
      }
    }

    func isTold(by error: RewardError) -> Bool {
      switch (self, error) {
      case (.dies, .ended(_, "ended with status 3", judged: 1, answers: 3)),
        (.tooFew, .ended(_, "ended with status 0", judged: 2, answers: 3)),
        (.missing, .ended(_, "ended with status 127", judged: 0, answers: 3)),
        (.hangs, .tooSlow(_, 0.5, judged: 1, answers: 3)), (.nan, .badLine(_, "NaN", 1)),
        (.garbage, .badLine(_, "about three", 1)), (.endless, .badLine(_, _, 1)), (.tooMany, .tooManyLines):
        true
      default: false
      }
    }
  }

  @Test("failures stop, or are told and passed over", arguments: Failure.allCases)
  private func failures(_ failure: Failure) throws {
    let seconds = failure == .hangs ? 0.5 : 20
    let stopping = CommandReward(command: failure.command, seconds: seconds, onFailure: .stop)
    let error = try #require(throws: RewardError.self) { try stopping.scores(answers(3)) }
    #expect(failure.isTold(by: error), "\(error)")
    #expect(!"\(error)".contains("\n"))
    let skipping = CommandReward(command: failure.command, seconds: seconds, onFailure: .skip)
    #expect(try skipping.scores(answers(3)) == [nil, nil, nil])
    #expect(!skipping.takeNotes().isEmpty && skipping.takeNotes().isEmpty)
    let retrying = CommandReward(command: failure.command, seconds: seconds, onFailure: .retry)
    #expect(throws: RewardError.self) { try retrying.scores(answers(3)) }
  }

  @Test("a line too many that comes late is not taken for the next answer")
  func late() throws {
    let path = scratch.file("late")
    let reward = CommandReward(
      command:
        "read -r a; echo 1; while [ ! -e \(path) ]; do sleep 0.01; done; echo 2; read -r a; sleep 1000",
      seconds: 20, onFailure: .stop)
    #expect(try reward.scores(answers(1)) == [1])
    #expect(close(creat(path, 0o600)) == 0)
    usleep(500_000)
    let error = try #require(throws: RewardError.self) { try reward.scores(answers(1)) }
    guard case .tooManyLines = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test("a program that fails once is started again")
  func retry() throws {
    let path = scratch.file("failed")
    let reward = CommandReward(
      command: "if [ ! -e \(path) ]; then : > \(path); exit 1; fi; \(Self.counting)", seconds: 20,
      onFailure: .retry)
    #expect(try reward.scores(answers(2)) == [1, 2])
    #expect(reward.takeNotes().count == 1)
    #expect(try reward.scores(answers(1)) == [3])
  }

  @Test("nobody waits for a program once the run was told to stop", arguments: RewardFailurePolicy.allCases)
  func interrupted(_ policy: RewardFailurePolicy) throws {
    let reward = CommandReward(command: "exec sleep 1000", seconds: 900, onFailure: policy)
    let start = MonotonicClock.nanoseconds
    reward.interrupt { MonotonicClock.nanoseconds - start > 20_000_000 }
    let error = try #require(throws: RewardError.self) { try reward.scores(answers(1)) }
    #expect(error == .interrupted && reward.takeNotes().isEmpty)
    #expect(MonotonicClock.nanoseconds - start < 60_000_000_000)
  }

  @Test("one bad line costs one answer where the policy is to skip")
  func oneBadLine() throws {
    let reward = CommandReward(
      command: "n=0; while read -r a; do n=$((n+1)); if [ $n = 2 ]; then echo null; else echo $n; fi; done",
      seconds: 20, onFailure: .skip)
    #expect(try reward.scores(answers(3)) == [1, nil, 3])
    #expect(try reward.scores(answers(1)) == [4])
  }

  @Test("nothing that it has started is left behind")
  func group() throws {
    let path = scratch.file("child")
    var reward: CommandReward? = CommandReward(
      command: "sleep 1000 & echo $! > \(path); \(Self.counting)", seconds: 20)
    #expect(try reward?.scores(answers(1)) == [1])
    let text = String(decoding: try #require(readFile(path)), as: UTF8.self)
    let child = try #require(pid_t(text.filter(\.isNumber)))
    #expect(kill(child, 0) == 0)
    reward = nil
    // Its parent is gone: whoever has inherited it waits for it soon.
    var waits = 0
    while kill(child, 0) == 0, waits < 200, !isZombie(child) {
      usleep(10_000)
      waits += 1
    }
    #expect(kill(child, 0) != 0 || isZombie(child))
  }

  /// Ended, and not waited for yet.
  private func isZombie(_ process: pid_t) -> Bool {
    guard let status = readFile("/proc/\(process)/stat") else { return false }
    return String(decoding: status, as: UTF8.self).contains(") Z ")
  }
}

@Suite struct RewardTests {
  @Test("a function is asked for all answers at once, and only for numbers")
  func function() throws {
    let reward = FunctionReward { $0.map { Double($0.text.count) } }
    #expect(try reward.scores(answers(2)) == [11, 11])
    #expect(throws: RewardError.count(1, answers: 2)) { try FunctionReward { _ in [1] }.scores(answers(2)) }
    let error = try #require(throws: RewardError.self) {
      try FunctionReward { _ in [1, .nan] }.scores(answers(2))
    }
    guard case .notFinite(answer: 2, _) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test("problems are right or wrong, and a prompt without an answer is told")
  func problems() throws {
    let reward = ProblemReward()
    func prompt(_ answer: JSONValue?) -> JSONObject {
      var object = JSONObject()
      object["answer"] = answer
      return object
    }
    func score(_ answer: JSONValue, _ text: String) -> Double? {
      reward.scores([
        RolloutAnswer(prompt: prompt(answer), text: text, tokenCount: 1, isEnded: true)
      ])[0]
    }
    #expect(score(.string("42"), "so\nAnswer: 42") == 1 && score(.string("42"), "Answer: 41") == 0)
    #expect(score(.int(42), "Answer: 42.") == 1 && score(.string("-3"), "Answer: -3") == 1)
    #expect(score(.string("6 remainder 2"), "Answer: 6 remainder 2") == 1)
    #expect(score(.string("6 remainder 2"), "Answer: 6") == 0)
    let problem = try #require(reward.promptProblem)
    func encoded(_ line: JSONObject) -> EncodedPrompt { EncodedPrompt(line: line, messages: [], tokens: [1]) }
    #expect(problem(encoded(prompt(.string("42")))) == nil)
    for answer in [nil, JSONValue.string("many"), .double(0.5), .string("6 remainder"), .string("")] {
      #expect(problem(encoded(prompt(answer))) != nil, "\(String(describing: answer))")
    }
    // What `apus data problems --format prompt` writes can be judged, all of it.
    for problem in ProblemStream(ProblemGenerator(seed: 3), levels: 1...5).prefix(200) {
      let line = try #require(problem.record(.prompt).object)
      #expect(reward.promptProblem?(encoded(line)) == nil)
      let answer = RolloutAnswer(prompt: line, text: problem.solution(), tokenCount: 1, isEnded: true)
      #expect(reward.scores([answer]) == [1], "\(problem)")
    }
  }
}

@Suite struct RewardSummaryTests {
  @Test("intervals of what is right or wrong are Wilson's")
  func wilson() throws {
    var summary = RewardSummary()
    #expect(summary.estimate == nil)
    for score in [1.0, 1, 1, 0, 1, 1, 1, 1, 0, 1] { summary.add([score]) }
    let estimate = try #require(summary.estimate)
    // By hand: 8 of 10.
    #expect(abs(estimate.mean - 0.8) < 1e-12 && estimate.count == 10)
    #expect(abs(estimate.low - 0.49016) < 1e-5 && abs(estimate.high - 0.94332) < 1e-5, "\(estimate)")
    var all = RewardSummary()
    for _ in 0..<5 { all.add([1]) }
    var pairs = RewardSummary()
    for _ in 0..<5 { pairs.add([0, 0]) }
    #expect(pairs.estimate?.low == 0 && (pairs.estimate?.high ?? 0) > 0.4)
    var single = RewardSummary()
    single.add([2, 3])
    #expect(single.estimate?.high == .infinity)
    #expect(all.estimate?.high == 1 && (all.estimate?.low ?? 1) < 0.6)
  }

  @Test("of several answers to a prompt it is the prompts that count")
  func clusters() throws {
    var summary = RewardSummary()
    summary.add([])
    for scores in [[1.0, 3], [2, 2], [4, 6]] { summary.add(scores) }
    let estimate = try #require(summary.estimate)
    #expect(estimate.mean == 3 && estimate.count == 3)
    // The means 2, 2, 5 deviate by √3.
    #expect(abs(estimate.high - estimate.mean - 1.959964) < 1e-5)
  }
}
