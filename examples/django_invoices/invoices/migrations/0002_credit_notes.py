from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoices", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount", models.PositiveIntegerField()),
                (
                    "number",
                    models.CharField(editable=False, max_length=20, null=True, unique=True),
                ),
                ("issued_at", models.DateTimeField(editable=False, null=True)),
            ],
        ),
    ]
