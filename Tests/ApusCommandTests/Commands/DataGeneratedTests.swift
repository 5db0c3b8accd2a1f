// `apus data problems` and `apus data stories` as a user calls them.

import ApusBasics
import Testing

@testable import ApusCommand

@Suite struct DataGeneratedTests {
  private func lines(_ ending: Ending) -> [Substring] { ending.output.split(separator: "\n") }

  @Test func problemsAreJSONLines() throws {
    let ending = runApplication([
      "data", "problems", "--count", "9", "--levels", "2-4", "--reasoning-tags", "--system", "Think.",
    ])
    #expect(ending.code == 0)
    #expect(lines(ending).count == 9)
    for line in lines(ending) {
      let record = try JSONValue(parsing: Array(line.utf8))
      guard case .object(let members) = record, case .array(let messages)? = members["messages"] else {
        Issue.record("no messages: \(line)")
        continue
      }
      #expect(messages.count == 3)
      #expect(line.contains("</think>"))
    }
    #expect(ending.errors.contains("level 3: 3 problems of 3 forms, 0 repeated questions skipped"))
  }

  @Test func explainedStepsAreSmaller() {
    let words = ["data", "problems", "--count", "400", "--levels", "2-3", "--format"]
    let (short, long) = (runApplication(words + ["text"]), runApplication(words + ["text", "--explained"]))
    #expect(!short.output.contains("Given out of ") && long.output.contains("Given out of "))
    // The problems are the same ones.
    #expect(
      runApplication(words + ["prompt"]).output == runApplication(words + ["prompt", "--explained"]).output)
  }

  @Test func theSameSeedGivesTheSame() {
    let words = ["data", "problems", "--count", "5", "--format", "prompt", "--split", "test", "--seed", "4"]
    #expect(runApplication(words) == runApplication(words))
    #expect(runApplication(words).output != runApplication(words.dropLast() + ["5"]).output)
    let stories = ["data", "stories", "--count", "3", "--format", "text"]
    #expect(runApplication(stories) == runApplication(stories))
    #expect(lines(runApplication(stories)).filter { $0 == "<|endoftext|>" }.count == 3)
    let asked = lines(runApplication(["data", "stories", "--count", "3", "--format", "messages"]))
    #expect(
      asked.count == 3
        && asked.allSatisfy {
          $0.hasPrefix(#"{"messages":[{"role":"user","content":"#) && $0.contains("story")
        })
    let prompts = lines(runApplication(["data", "stories", "--count", "3", "--format", "prompt"]))
    #expect(prompts.count == 3)
    for (prompt, answered) in zip(prompts, asked) {
      let request = prompt.dropFirst(#"{"prompt":"#.count).dropLast()
      #expect(answered.hasPrefix(#"{"messages":[{"role":"user","content":\#(request)},"#), "\(prompt)")
    }
  }

  @Test(arguments: ["0-2", "3-1", "6", "x", "1-2-3", "-", ""]) func levelsThatAreNone(text: String) {
    let ending = runApplication(["data", "problems", "--levels=\(text)"])
    #expect(ending.code == ExitCode.usage)
    #expect(ending.errors.contains("'--levels': '\(text)' is no range in 1-5"))
    #expect(ending.output.isEmpty)
  }

  @Test func optionsThatContradict() {
    for words in [
      ["--answers-only", "--reasoning-tags"], ["--answers-only", "--explained"],
      ["--format", "text", "--system", "x"],
    ] {
      #expect(runApplication(["data", "problems"] + words).code == ExitCode.usage)
    }
  }
}
