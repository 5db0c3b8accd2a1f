// The list of commands, in the order in which help shows them. A new command is one file and one line here.

var allCommands: [any Command.Type] {
  [
    RunCommand.self,
    ChatCommand.self,
    EmbedCommand.self,
    SimilarityCommand.self,
    RerankCommand.self,
    SearchCommand.self,
    TrainCommand.self,
    PlanCommand.self,
    InspectCommand.self,
    QuantizeCommand.self,
    ConvertCommand.self,
    TokenizeCommand.self,
    DetokenizeCommand.self,
    DataTokenizerCommand.self,
    LogitsCommand.self,
    DataTokenizeCommand.self,
    DataInspectCommand.self,
    BenchCommand.self,
    BenchKernelsCommand.self,
    BenchEmbeddingsCommand.self,
    BenchTrainingCommand.self,
    ProfileRunCommand.self,
    ProfileEmbedCommand.self,
    ProfileTrainCommand.self,
    DoctorCommand.self,
    TinyCommand.self,
    CompletionsCommand.self,
    ManualCommand.self,
  ]
}
