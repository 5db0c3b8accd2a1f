// Folders that are not what they should be: refused with the file, the key and what is supported (faults F21, F22), and
// settings that other files say in other ways.

import ApusBasics
import ApusFiles
import ApusModels
import ApusTensor
import ApusTestSupport
import Testing

@Suite struct HuggingFaceFolderTests {
  private let scratch = ScratchDirectory()

  /// A change of one setting, and a part of the message that must come; nil: none may come.
  struct Edit: Sendable, CustomTestStringConvertible {
    let model: String
    let key: String
    let value: String?
    let expected: String?

    init(_ model: String, _ key: String, _ value: String?, _ expected: String?) {
      (self.model, self.key, self.value, self.expected) = (model, key, value, expected)
    }

    var testDescription: String { "\(model): \(key) = \(value ?? "nothing")" }
  }

  @Test(
    "F21: settings",
    arguments: [
      Edit("llama", "model_type", nil, "config.json: \"model_type\" should be a text"),
      Edit("llama", "model_type", "7", "\"model_type\" should be a text"),
      Edit("llama", "model_type", "\"mamba\"", "\"mamba\", which is not supported; known: bert, gemma2"),
      Edit("llama", "hidden_act", "\"relu\"", "\"hidden_act\" is relu; supported: silu"),
      Edit("llama", "hidden_size", nil, "config.json: \"hidden_size\" is missing"),
      Edit("llama", "hidden_size", "\"64\"", "\"hidden_size\" is the text \"64\"; expected a whole number"),
      Edit("llama", "num_hidden_layers", "0", "\"num_hidden_layers\" is 0; expected 1 to 4096"),
      Edit("llama", "num_hidden_layers", "4", "\"model.layers.3.input_layernorm.weight\""),
      Edit("llama", "intermediate_size", "97", "\"model.layers.0.mlp.gate_proj.weight\" has shape [96, 64]"),
      Edit("llama", "num_attention_heads", "1000000", "\"num_attention_heads\" is 1000000"),
      Edit("llama", "quantization_config", #"{"quant_method":"gptq"}"#, "quantised (gptq)"),
      Edit("llama", "partial_rotary_factor", "0.5", "\"partial_rotary_factor\" is 0.5; supported: 1"),
      Edit("llama", "tie_word_embeddings", "true", nil),
      Edit("llama-tied", "tie_word_embeddings", "false", "no lm_head.weight"),
      Edit("llama-tied", "tie_word_embeddings", nil, "no lm_head.weight"),
      Edit("gpt2", "tie_word_embeddings", nil, nil),
      Edit("gpt2", "n_inner", "null", nil),
      Edit("gpt2", "activation_function", "\"relu\"", "\"activation_function\" is relu"),
      Edit("gpt2", "scale_attn_by_inverse_layer_idx", "true", "scale_attn_by_inverse_layer_idx"),
      Edit("qwen2", "use_sliding_window", "true", "\"use_sliding_window\" is true"),
      Edit("gemma2", "query_pre_attn_scalar", "100", "\"query_pre_attn_scalar\" is 100.0; only 24"),
      Edit("gemma2", "layer_types", #"["full_attention"]"#, "\"layer_types\" at 0"),
      Edit("gemma3", "query_pre_attn_scalar", "168", "only 24"),
      Edit("llama", "rope_parameters", "7", "\"rope_parameters\" should be an object"),
      Edit(
        "llama", "rope_parameters", #"{"rope_type":"dynamic","factor":2.0}"#,
        "\"rope_parameters.rope_type\" is dynamic; supported: default, linear"),
      Edit(
        "llama", "rope_parameters", #"{"rope_type":"linear"}"#,
        "\"rope_parameters.factor\" should be a positive number"),
      Edit(
        "llama", "rope_parameters", #"{"rope_type":"linear","factor":-1}"#,
        "\"rope_parameters.factor\" should be"),
      Edit(
        "llama", "rope_parameters", #"{"rope_type":"yarn","factor":2,"mscale":1}"#,
        "\"rope_parameters.mscale\" is 1"),
      Edit(
        "llama", "rope_parameters",
        #"{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":1}"#, "high_freq_factor"),
      Edit(
        "phi3-long", "rope_parameters", #"{"rope_type":"longrope","long_factor":[1,2],"short_factor":[1,2]}"#,
        "\"rope_parameters.long_factor\" should be 8 positive numbers"),
    ])
  func settings(_ edit: Edit) throws {
    let fixture = try ModelFixture(edit.model)
    let value = try edit.value.map { try JSONValue(parsing: Array($0.utf8)) }
    try fixture.writeFolder(at: scratch.path) { $0[edit.key] = value }
    do {
      let files = try ModelFiles(scratch.path)
      let network = try files.network()
      _ = try files.graph(network, contextLength: 16)
      #expect(edit.expected == nil, "no error")
    } catch {
      #expect(edit.expected != nil && "\(error)".contains(edit.expected!), "\(error)")
      #expect("\(error)".hasPrefix(scratch.path) || error is ModelError, "\(error)")
    }
  }

  @Test(
    "settings as transformers 4 wrote them",
    arguments: ["llama3", "llama-linear", "qwen2-yarn", "phi3-long", "gemma3-linear"])
  func olderSettings(_ name: String) throws {
    let fixture = try ModelFixture(name)
    try fixture.writeFolder(at: scratch.file("new"))
    try fixture.writeFolder(at: scratch.file("old")) { config in
      let nested = config["rope_parameters"]?["full_attention"]
      var section = (nested ?? config["rope_parameters"])?.object ?? JSONObject()
      config["rope_theta"] = section["rope_theta"]
      config["rope_local_base_freq"] = config["rope_parameters"]?["sliding_attention"]?["rope_theta"]
      section["rope_theta"] = nil
      section["type"] = section["rope_type"]
      section["rope_type"] = nil
      if section["type"]?.string == "longrope" { section["type"] = .string("su") }
      config["rope_scaling"] = .object(section)
      config["rope_parameters"] = nil
    }
    let (new, old) = try (
      HuggingFaceWeights(HuggingFaceFolder(scratch.file("new"))),
      HuggingFaceWeights(HuggingFaceFolder(scratch.file("old")))
    )
    #expect(old.hyperparameterNames == new.hyperparameterNames)
    for name in new.hyperparameterNames {
      let key = "\(new.architecture!).\(name)"
      #expect("\(old.hyperparameter(key)!)" == "\(new.hyperparameter(key)!)", "\(name)")
    }
    for name in ModelDescription.factorTensors {
      guard let tensor = new.tensor(name) else { continue }
      #expect(TensorReader(old).values(tensor) == TensorReader(new).values(tensor))
    }
  }

  @Test("null is not the same as nothing")
  func nulls() throws {
    func value(_ name: String, _ key: String, _ json: JSONValue?, _ setting: String) throws -> String {
      try ModelFixture(name).writeFolder(at: scratch.path) { $0[setting] = json }
      let weights = try HuggingFaceWeights(HuggingFaceFolder(scratch.path))
      return weights.hyperparameter(key).map { "\($0)" } ?? "nil"
    }
    #expect(try value("gemma2", "gemma2.attn_logit_softcapping", .null, "attn_logit_softcapping") == "0.0")
    #expect(try value("gemma2", "gemma2.attn_logit_softcapping", nil, "attn_logit_softcapping") == "nil")
    #expect(try value("mistral", "llama.attention.sliding_window", .null, "sliding_window") == "0")
    #expect(try value("mistral", "llama.attention.sliding_window", nil, "sliding_window") == "4096")
    #expect(try value("qwen3", "qwen3.attention.key_length", nil, "head_dim") == "128")
  }

  @Test("ends, templates and samplers' settings of a folder")
  func generation() throws {
    try ModelFixture("llama").writeFolder(at: scratch.path)
    func write(_ name: String, _ text: String) throws {
      try writeFile(scratch.path + "/" + name, Array(text.utf8))
    }
    func files() throws -> ModelFiles { try ModelFiles(scratch.path) }
    // config.json's, as there is no other.
    #expect(try files().endOfText() == [2] && files().chatTemplate() == nil)
    #expect(try files().samplingDefault("temp") == nil)
    try write("generation_config.json", #"{"eos_token_id":[2,5],"temperature":0.6,"top_k":20}"#)
    #expect(try files().endOfText() == [2, 5] && files().samplingDefault("temp") == nil)
    try write("generation_config.json", #"{"eos_token_id":7,"do_sample":true,"temperature":0.6,"top_k":20}"#)
    #expect(try files().endOfText() == [7])
    #expect(try files().samplingDefault("temp") == 0.6 && files().samplingDefault("top_k") == 20)
    try write("generation_config.json", #"{"eos_token_id":"</s>"}"#)
    #expect(throws: HuggingFaceError.self) { try files().endOfText() }
    try write("generation_config.json", "{")
    #expect(throws: HuggingFaceError.self) { try files() }
    try write("generation_config.json", "{}")
    try write(
      "tokenizer_config.json",
      #"{"chat_template":[{"name":"tools","template":"t"},{"name":"default","template":"d"}]}"#)
    #expect(try files().chatTemplate() == "d")
    try write("tokenizer_config.json", #"{"chat_template":"one"}"#)
    #expect(try files().chatTemplate() == "one")
    try write("chat_template.jinja", "file")
    #expect(try files().chatTemplate() == "file")
  }
}
