/** @file What a visitor sees here, for one who has not trained a model before. */

export function Explanation() {
  return (
    <section class="card explanation" aria-label="What happens here">
      <dl>
        <div>
          <dt>The model</dt>
          <dd>
            A GPT-2, small enough for a browser: 4 layers and 3,424,704 parameters, numbers that begin at random.
            OpenAI’s smallest GPT-2 has 124 million, made the same way.
          </dd>
        </div>
        <div>
          <dt>The stories</dt>
          <dd>
            14,000 short stories of children and animals, which this page makes up by itself: 1.4 million tokens. A
            token is a word or a piece of one; there are 50,257.
          </dd>
        </div>
        <div>
          <dt>A step</dt>
          <dd>
            The model reads 512 tokens and says at each how likely every token is to come next. Then all of its
            parameters move a little, so that what did come gets likelier.
          </dd>
        </div>
        <div>
          <dt>The loss</dt>
          <dd>
            How much the next token surprised it: at 10.8 any of them could come, at 1.2 it wavers between three or four
            (<i>e</i> to the power of the loss). Validation is on stories that it never learns from.
          </dd>
        </div>
        <div>
          <dt>Other figures</dt>
          <dd>
            MFU is how much of this computer’s speed at multiplying goes into training. The gradient’s norm says how
            strongly a step pulls at the parameters.
          </dd>
        </div>
        <div>
          <dt>The download</dt>
          <dd>
            A zip of a Hugging Face folder, which <code>transformers</code> opens, and <code>minillm serve</code>, where
            the model goes on with any text of yours.
          </dd>
        </div>
      </dl>
    </section>
  );
}
