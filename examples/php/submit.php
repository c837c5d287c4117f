<?php
// Submit a comment: `GATEPOST=http://127.0.0.1:8000 KEY=gp_… php submit.php c-42 "The text."`.
//
// The answer is 202 once the comment is stored; the decision comes by webhook. Sent again with the same `external_id`
// it is the same comment: after a timeout or a 503 just try again.
declare(strict_types=1);

[, $external_id, $text] = $argv;
$comment = ['external_id' => $external_id, 'text' => $text, 'author_name' => 'Aiko', 'author_email' => 'aiko@example.org'];
$context = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => ['authorization: Bearer ' . getenv('KEY'), 'content-type: application/json'],
    'content' => json_encode($comment, JSON_THROW_ON_ERROR),
    'timeout' => 10,
    'ignore_errors' => true,
]]);
$answer = file_get_contents(getenv('GATEPOST') . '/v1/comments', false, $context);
[, $status] = explode(' ', $http_response_header[0]);
if ($status !== '202') {
    fwrite(STDERR, "$status: $answer\n");
    exit(1);
}
echo $status, ' ', json_decode($answer, true)['status'], "\n";
