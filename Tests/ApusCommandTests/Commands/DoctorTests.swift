// `apus doctor`.

import Foundation
import Testing

@testable import ApusCommand

@Suite struct DoctorTests {
  @Test func describesTheMachine() throws {
    let text = runApplication(["doctor", "--no-measure", "-t", "1"])
    #expect(text.code == 0)
    for name in ["Version", "Processor", "Cores", "Memory", "Kernels", "Threads"] {
      #expect(text.output.contains("\n\(name) ") || text.output.hasPrefix("\(name) "), "\(name)")
    }
    let json = try document(runApplication(["doctor", "--no-measure", "-t", "1", "--json"]).output)
    #expect(json["threads"] as? Int == 1)
    #expect(json["ceilings"] is NSNull)
    #expect((json["supportedKernels"] as? [String])?.contains("portable") == true)
  }

  @Test func measuresTheLimits() throws {
    let json = try document(runApplication(["doctor", "-t", "1", "--json"]).output)
    let single = try #require((json["ceilings"] as? [String: Any])?["single"] as? [String: Any])
    let rate = try #require(single["readBytes"] as? Double)
    #expect(rate > 1e6)
    #expect((single["f32"] as? Double ?? 0) > 1e6)
  }

  @Test func threadsBeyondTheMachineAreClippedWithANote() throws {
    // F69
    let json = try document(runApplication(["doctor", "--no-measure", "-t", "10000", "--json"]).output)
    #expect((json["notes"] as? [String])?.contains { $0.contains("10000 asked for") } == true)
    #expect((json["threads"] as? Int ?? 0) < 10000)
  }
}
