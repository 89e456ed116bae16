"""Fine-tunes a small chat model on support-chats with TRL."""

from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

data = load_dataset("tabular-lab/support-chats", split="train").train_test_split(test_size=0.1, seed=0)

trainer = SFTTrainer(
    model="tabular-lab/vintner-1b",
    train_dataset=data["train"],
    eval_dataset=data["test"],
    args=SFTConfig(
        output_dir="vintner-support",
        num_train_epochs=3,
        per_device_train_batch_size=4,
        learning_rate=2e-5,
        assistant_only_loss=True,
        push_to_hub=True,
        hub_model_id="tabular-lab/vintner-support",
        report_to="trackio",
    ),
)
trainer.train()
