// The configurations of policies that are shipped, and what is told of settings that do nothing.

import Testing

@testable import ApusTraining

@Suite struct PolicyConfigurationTests {
  @Test("what is shipped is read, and all of it does something", arguments: ["grpo", "rlhf-ppo"])
  func shipped(_ name: String) throws {
    let configuration = try TrainingConfiguration(path: ShippedConfigurationTests.folder + name + ".json")
    #expect(configuration.objective == (name == "grpo" ? .grpo : .ppo) && configuration.notes == [])
    try configuration.validate()
  }

  @Test(
    "what does nothing is told",
    arguments: [
      ("grpo", "policy.lambda=0.5", "policy.lambda"), ("grpo", "reward.seconds=3", "reward.seconds"),
      ("grpo", "data.tooLong=truncate", "data.tooLong"), ("rlhf-ppo", "preference.beta=1", "preference.beta"),
    ])
  func idle(_ name: String, _ setting: String, _ word: String) throws {
    let configuration = try TrainingConfiguration(
      path: ShippedConfigurationTests.folder + name + ".json", settings: [setting])
    #expect(configuration.notes.count == 1 && configuration.notes[0].contains(word), "\(configuration.notes)")
  }
}
