// The room of learning: one trainer, and in folders of their own its optimisers, schedules, checkpoints and reports.
