"""What a run looks like where no terminal is: the results of a step of a workflow.

GitHub, Gitea and Forgejo read the same files and the same commands, described by
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""
